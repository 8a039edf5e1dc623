// The benchmark at small size on Node's WASM build: every component and picture is really run.

import { beforeAll, expect, test } from "vitest";
import { runBenchmark } from "../../../../src/engine/benchmark/benchmark.ts";
import type {
  BenchmarkProgress,
  BenchmarkReport,
  BenchmarkRequest,
} from "../../../../src/protocol/benchmark-api.ts";
import { clipVocabulary } from "../../../../scripts/clip-vocabulary.ts";
import { measuredComponents } from "../../../../src/engine/benchmark/measured-components.ts";
import { dialects } from "../../../../src/models/dialects.ts";
import { writeSafetensors } from "../../../../src/weights/write-safetensors.ts";
import { encodePngInNode } from "../../../support/node-engine.ts";
import { createNodeRuntime, loadNodeOrt } from "../../../support/node-runtime.ts";

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

/** A file that expects of the upscaler `scale` times what it gives, for a picture of its own. */
async function expectedOfUpscaler(scale: number): Promise<Blob> {
  const [upscaler] = await measuredComponents("rrdbnet-x4", "small");
  const model = upscaler.build(dialects["wasm-float32"]);
  const pixels = Float32Array.from({ length: 3 * 16 * 16 }, (_, i) => (i % 7) / 7);
  const runtime = await createNodeRuntime();
  const session = await runtime.createSession(model, "cpu");
  const { upscaled } = await session.run({ pixels });
  await session.release();
  runtime.dispose();
  const tensor = (values: Float32Array<ArrayBuffer>) =>
    ({ dtype: "F32", shape: [values.length], bytes: new Uint8Array(values.buffer) }) as const;
  const expected = Float32Array.from(upscaled, (value) => scale * value);
  return new Blob([
    writeSafetensors(
      new Map([
        ["input.pixels", tensor(pixels)],
        ["output.upscaled", tensor(expected)],
      ]),
    ),
  ]);
}

test("results are compared with those of another implementation, on its inputs", async () => {
  const expecting = async (file: Blob) => {
    const expected = [{ model: "rrdbnet-x4", component: "upscaler", file }] as const;
    const { components } = await run({ models: ["rrdbnet-x4"], runs: 1, expected });
    return components[0];
  };
  expect((await expecting(await expectedOfUpscaler(1))).relativeError).toBeLessThan(1e-6);
  expect((await expecting(await expectedOfUpscaler(2))).relativeError).toBeCloseTo(0.5, 5);
  const misfit = await expecting(new Blob([writeSafetensors(new Map())]));
  expect(misfit.failure).toMatch(/input\.pixels/);
  expect(report.components[5].relativeError).toBeUndefined();
}, 60_000);

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
