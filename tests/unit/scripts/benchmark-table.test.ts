// Reports become one table with ratios; what was not measured says so.

import { expect, test } from "vitest";
import { withPart } from "../../../scripts/benchmark-doc.ts";
import { benchmarkMarkdown, parseReport } from "../../../scripts/benchmark-table.ts";
import { fakeReport } from "../../support/fake-benchmark.ts";

const ROWS = [
  { model: "sd-1.5", component: "unet", shape: "batch 2, 16x16 latents" },
  { model: "sdxl", component: "unet", shape: "batch 2, 16x16 latents" },
];
const PICTURES = [{ model: "sd-1.5", shape: "128x128, 20 steps, CFG" }];

const rowsOf = (markdown: string, start: string): readonly (readonly string[])[] =>
  markdown
    .split("\n")
    .filter((line) => line.startsWith(`| ${start}`))
    .map((line) =>
      line
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );

test("other implementations stand beside ours as ratios", () => {
  const other = fakeReport({ implementation: "pytorch eager" });
  const slower = { ...other, components: [{ ...other.components[0], steadySeconds: 0.1 }] };
  const markdown = benchmarkMarkdown([fakeReport(), slower], ROWS, PICTURES);
  const [measured, missing] = rowsOf(markdown, "sd");
  expect(measured.slice(3)).toEqual([
    "1.25 s",
    "500.0 ms",
    "40.0 ms",
    "3 MB",
    "yes",
    "not measured",
    "100.0 ms (2.50x)",
  ]);
  expect(missing.slice(3)).toEqual(Array<string>(7).fill("not measured"));
  expect(markdown).toContain("convolution 75 %, attention 25 %");
});

test("errors against float32 stand beside ours and the others' times", () => {
  const report = (implementation: string, relativeError: number | null) => {
    const given = fakeReport({ implementation });
    return { ...given, components: [{ ...given.components[0], relativeError }] };
  };
  const reports = [report("kiln", 1.25e-3), report("plain export", null)];
  const [measured] = rowsOf(benchmarkMarkdown(reports, ROWS, PICTURES), "sd-1.5");
  expect(measured.slice(8)).toEqual(["1.3e-3", "40.0 ms (1.00x), error no number"]);
});

test("whole runs stand with how far their pictures are from float32's", () => {
  const run = { model: "kiln-small", shape: "256x256", drawnWith: "webgpu float16" };
  const none = { conditioningError: null, latentsError: null, psnr: null };
  const wholeRuns = [
    { ...run, conditioningError: 4e-4, latentsError: 1e-2, psnr: 41.26 },
    { ...run, ...none },
    { ...run, ...none, failure: "OutOfMemory" },
  ];
  const rows = rowsOf(benchmarkMarkdown([fakeReport({ wholeRuns })], [], []), "kiln-small");
  expect(rows.map((row) => row.slice(3))).toEqual([
    ["4.0e-4", "1.0e-2", "41.3 dB"],
    ["no number", "no number", "no number"],
    ["failed: OutOfMemory", "not measured", "not measured"],
  ]);
  expect(benchmarkMarkdown([fakeReport()], [], [])).toContain(
    "Whole runs against PyTorch's in float32: not measured.",
  );
});

test("without any report every row is not measured", () => {
  const markdown = benchmarkMarkdown([], ROWS, PICTURES);
  expect(rowsOf(markdown, "sd")).toHaveLength(3);
  expect(markdown).toContain("GPU time per class of operator: not measured.");
});

test("a failure is shown in the place of its figure, in one cell", () => {
  const { components } = fakeReport();
  const failed = { ...components[0], steadySeconds: null, failure: "OutOfMemory: a | b\nc" };
  const [row] = rowsOf(benchmarkMarkdown([fakeReport({ components: [failed] })], ROWS, PICTURES), "sd-1.5");
  expect(row[5]).toBe("failed: OutOfMemory: a / b c");
});

test("parseReport() refuses other files", () => {
  expect(parseReport(JSON.stringify(fakeReport()), "a.json")).toEqual(fakeReport());
  expect(() => parseReport("{}", "a.json")).toThrow(/a\.json: expected a benchmark report/);
  expect(() => parseReport(JSON.stringify({ ...fakeReport(), version: 2 }), "a.json")).toThrow(/version 1/);
});

test("withPart() replaces one part and leaves the rest", () => {
  const text = "before\n<!-- a:start -->old<!-- a:end -->\nafter";
  expect(withPart(text, "a", "new")).toBe("before\n<!-- a:start -->\n\nnew\n\n<!-- a:end -->\nafter");
  expect(() => withPart(text, "b", "new")).toThrow(/b:start/);
});

test("other ways to write a graph stand as shares of ours, those that failed with why", () => {
  const none = { ratio: null, difference: null };
  const variants = [
    { model: "sdxl", name: "attention written out", ratio: 1.5, difference: 2e-6 },
    { model: "sdxl", name: "two runs", ...none, failure: "out | of memory" },
    { model: "sdxl", name: "another", ...none },
  ];
  const markdown = benchmarkMarkdown([fakeReport({ variants })], [], []);
  expect(rowsOf(markdown, "sdxl")).toEqual([
    ["sdxl", "attention written out", "150.0 %", "2.0e-6"],
    ["sdxl", "two runs", "failed: out / of memory", "not measured"],
    ["sdxl", "another", "not measured", "not measured"],
  ]);
  expect(benchmarkMarkdown([fakeReport()], [], [])).toContain(
    "Other ways to write the UNets' graphs: not measured.",
  );
});
