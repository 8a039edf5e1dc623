// What is said of published ONNX graphs before anything is loaded, for the device and the batch at hand.

import { expect, test } from "vitest";
import { requireComputable } from "../../../src/engine/export-limits.ts";
import { memoryLimits, planMemory } from "../../../src/engine/memory-policy.ts";
import { detectExported } from "../../../src/models/exports/detect-exported.ts";
import type { ExportedModel } from "../../../src/models/exports/exported-model.ts";
import { memorySource } from "../../../src/weights/memory-source.ts";
import { openOnnxFolder } from "../../../src/weights/onnx/onnx-folder.ts";
import { tinyModel } from "../../support/fixture-model.ts";
import { onnxFolder, type OnnxFixture } from "../../support/onnx-folders.ts";

const { record } = tinyModel("tiny", memorySource(new Uint8Array(0), "unused"));
const open = async (fixture: OnnxFixture): Promise<ExportedModel> =>
  detectExported(await openOnnxFolder(await onnxFolder(fixture), "turbo"));
const request = { width: 64, height: 64, batchSize: 1, guided: true, precision: "float32" } as const;

test("float16 graphs are refused on a GPU without float16, and nowhere else", async () => {
  const [half, whole] = [await open("demo"), await open("fixed")];
  const gpu = { kind: "webgpu", precision: "float32" } as const;
  expect(() => requireComputable(half, record, gpu)).toThrow(/does not compute in/);
  expect(() => requireComputable(half, record, { ...gpu, precision: "float16" })).not.toThrow();
  expect(() => requireComputable(half, record, { ...gpu, kind: "wasm" })).not.toThrow();
  expect(() => requireComputable(whole, record, gpu)).not.toThrow();
});

test("prompt and negative prompt share a forward where the export's batch has room for both", async () => {
  const limits = memoryLimits("wasm", 16);
  const model = await open("fixed");
  const planned = (batch: number, batchSize: number) =>
    planMemory("Tiny", { ...model, fixed: { ...model.fixed, batch } }, { ...request, batchSize }, limits);
  expect(planned(2, 1).separateGuidance).toBe(false);
  expect(planned(2, 2).separateGuidance).toBe(true);
  expect(planned(1, 1).separateGuidance).toBe(true);
});

test("the plan counts the published weights, and never asks for others", async () => {
  const model = await open("fixed");
  const tight = { ...memoryLimits("wasm", 16), budget: 1000 };
  const { need, compactWeights, promptKeysFed, vaeTile } = planMemory("Tiny", model, request, tight);
  expect(need.unet).toBe(model.networks.unet.bytes);
  expect(need.unet).toBeGreaterThan(600_000);
  expect([compactWeights, promptKeysFed, vaeTile]).toEqual([false, false, undefined]);
});
