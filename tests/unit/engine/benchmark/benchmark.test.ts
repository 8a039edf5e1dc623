// The benchmark at small size on Node's WASM build: every component and picture is really run.

import { beforeAll, expect, test } from "vitest";
import { runBenchmark } from "../../../../src/engine/benchmark/benchmark.ts";
import type {
  BenchmarkProgress,
  BenchmarkReport,
  BenchmarkRequest,
} from "../../../../src/protocol/benchmark-api.ts";
import { clipVocabulary } from "../../../../scripts/clip-vocabulary.ts";
import { encodePngInNode } from "../../../support/node-engine.ts";
import { loadNodeOrt } from "../../../support/node-runtime.ts";

const REQUEST: BenchmarkRequest = {
  device: "wasm",
  size: "small",
  models: ["sdxl", "rrdbnet-x4"],
  runs: 2,
  pictures: false,
};

function run(
  changes: Partial<BenchmarkRequest>,
  onProgress: (progress: BenchmarkProgress) => void = () => undefined,
): Promise<BenchmarkReport> {
  return runBenchmark(
    { ...REQUEST, ...changes },
    {
      encodePng: encodePngInNode,
      tokenizer: () => {
        const { vocabJson, mergesText } = clipVocabulary();
        return Promise.resolve({ vocabJson: JSON.parse(vocabJson) as unknown, mergesText });
      },
      software: "Node",
      loadOrt: loadNodeOrt,
    },
    onProgress,
  );
}

let report: BenchmarkReport;
const progress: BenchmarkProgress[] = [];

beforeAll(async () => {
  report = await run({}, (step) => progress.push(step));
}, 120_000);

test("every component is timed and gives numbers", () => {
  expect(report.components.map(({ model, component }) => `${model} ${component}`)).toEqual([
    "sdxl text encoder 1",
    "sdxl text encoder 2",
    "sdxl unet",
    "sdxl vae encoder",
    "sdxl vae decoder",
    "rrdbnet-x4 upscaler",
  ]);
  for (const row of report.components) {
    expect(row, row.failure).toMatchObject({ finite: true, runs: 2 });
    expect(row.createSeconds).toBeGreaterThan(0);
    expect(row.firstSeconds).toBeGreaterThan(0);
    expect(row.steadySeconds).toBeGreaterThan(0);
  }
});

test("what WASM cannot tell is left empty", () => {
  for (const { peakBytes, heldBytes, operatorSeconds } of report.components)
    expect([peakBytes, heldBytes, operatorSeconds]).toEqual([null, null, null]);
});

test("other graphs are measured where they are asked for, of models that have a UNet", async () => {
  expect(report.variants).toBeUndefined();
  const { variants } = await run({ models: ["rrdbnet-x4"], runs: 1, variants: true });
  expect(variants).toEqual([]);
}, 60_000);

test("progress names each component once, in order", () => {
  expect(progress.map(({ what }) => what)).toEqual(
    report.components.map(({ model, component }) => `${model} ${component}`),
  );
  expect(progress.map(({ done }) => done)).toEqual(progress.map((_, i) => i));
  expect(progress.every(({ total }) => total === report.components.length)).toBe(true);
});

test("a whole picture is timed through the app's own pipeline", async () => {
  const { pictures } = await run({ models: ["sd-2.1-base"], pictures: true, runs: 1 });
  expect(pictures).toHaveLength(1);
  const [row] = pictures;
  expect(row, row.failure).toMatchObject({ model: "turbo", shape: "128x128, 1 step" });
  expect(row.totalSeconds).toBeGreaterThan(row.secondsPerStep!);
  expect(row.overheadShare).toBeLessThan(1);
}, 120_000);

test("a component that cannot run is a row that says why, and the others are measured", async () => {
  const exports = [
    {
      model: "rrdbnet-x4" as const,
      component: "upscaler",
      graph: new Blob(["no graph"]),
      dataName: "weights.data",
      data: new Blob([]),
    },
  ];
  const { components, implementation } = await run({ exports });
  expect(implementation).toBe("plain export");
  expect(components).toHaveLength(1);
  expect(components[0].steadySeconds).toBeNull();
  expect(components[0].failure).toMatch(/.+/);
}, 60_000);

test.each([
  [{ models: [] }, "models"],
  [{ models: ["flux"] as never }, "models"],
  [{ runs: 0 }, "runs"],
  [{ runs: 1.5 }, "runs"],
])("%j is refused by name", async (changes, where) => {
  await expect(run(changes)).rejects.toMatchObject({ name: "InvalidRequest", details: { where } });
});
