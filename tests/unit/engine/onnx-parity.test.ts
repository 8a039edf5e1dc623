// Models that are published as ONNX graphs, from prompt to final latents on the WASM kernels, against diffusers' own pipelines on the
// same tiny random weights (tools/fixtures/onnx_folders.py): symbolic shapes, float16 with weights inside, everything fixed.

import { afterEach, beforeAll, describe, expect, test } from "vitest";
import type { KilnEngine } from "../../../src/engine/engine.ts";
import type { OpenedModel } from "../../../src/library/open-model.ts";
import { detectExported } from "../../../src/models/exports/detect-exported.ts";
import type { DumpedTensor, GenerationRequest } from "../../../src/protocol/generation-request.ts";
import { memorySource } from "../../../src/weights/memory-source.ts";
import { openOnnxFolder } from "../../../src/weights/onnx/onnx-folder.ts";
import { GoldenTensors, tinyModel } from "../../support/fixture-model.ts";
import { startNodeEngine } from "../../support/node-engine.ts";
import { onnxFixture, onnxFolder, type OnnxFixture } from "../../support/onnx-folders.ts";
import { relativeDifference } from "../../support/relative-difference.ts";
import { tinyRequest } from "../../support/tiny-request.ts";
import { tinyVocabulary } from "../../support/tiny-vocabulary.ts";

const LATENTS_TOLERANCE = 1e-3;
const IMAGE_TOLERANCE = 2e-3;
/** float16 between all layers, four times over, against float32. */
const FLOAT16_TOLERANCE = 2e-2;
const SLOW = { timeout: 60_000 };

const base = { steps: 4, guidanceScale: 5, schedule: "Uniform", dumpTensors: true } as const;
const unguided = { schedule: "Simple", guidanceScale: 1 };

const golden = await GoldenTensors.of(onnxFixture("results.safetensors"));

let engine: KilnEngine;
let next: OpenedModel;

beforeAll(async () => {
  ({ engine } = await startNodeEngine({ openModel: () => Promise.resolve(next) }));
});
afterEach(() => engine.unload());

/** As the library opens what it imported. */
async function open(fixture: OnnxFixture, folderName: string): Promise<OpenedModel> {
  const folder = await onnxFolder(fixture);
  const { family, dtype } = detectExported(await openOnnxFolder(folder, folderName));
  const { record } = tinyModel(folderName, memorySource(new Uint8Array(0), "unused"));
  const source = memorySource(new Uint8Array(0), "unused");
  return {
    source,
    folder,
    tokenizer: tinyVocabulary,
    record: { ...record, name: folderName, family: family.id, format: "onnx", dtype },
  };
}

async function run(
  fixture: OnnxFixture,
  name: string,
  request: Partial<GenerationRequest> = {},
): Promise<Readonly<Record<string, DumpedTensor>>> {
  next = await open(fixture, name);
  const { tensors } = await engine.generate(name, tinyRequest({ ...base, ...request, modelId: name }));
  return tensors!;
}

describe("published ONNX graphs agree with diffusers", () => {
  test(
    "optimum's SDXL: symbolic shapes, sizes as inputs, all layers as outputs, weights beside",
    SLOW,
    async () => {
      const { latents, image } = await run("optimum", "tiny-xl");
      expect(next.record).toMatchObject({ family: "sdxl-v", dtype: "F32" });
      expect(relativeDifference(latents.data, golden.float32("optimum"))).toBeLessThan(LATENTS_TOLERANCE);
      expect(relativeDifference(image.data, golden.float32("optimum.image"))).toBeLessThan(IMAGE_TOLERANCE);
    },
  );

  test(
    "a browser demo's SD-Turbo: float16, weights inside, 32-bit token ids, no configuration",
    SLOW,
    async () => {
      const { latents } = await run("demo", "sd-turbo-ort-web", unguided);
      expect(next.record).toMatchObject({ family: "sd-turbo", dtype: "F16" });
      expect(relativeDifference(latents.data, golden.float32("demo"))).toBeLessThan(FLOAT16_TOLERANCE);
    },
  );

  test("a WebNN export: flat files, a fixed batch of prompt and negative prompt together", SLOW, async () => {
    const { latents } = await run("fixed", "stable-diffusion-1.5-webnn", { negativePrompt: "n o ." });
    expect(next.record.family).toBe("sd1");
    expect(relativeDifference(latents.data, golden.float32("fixed"))).toBeLessThan(LATENTS_TOLERANCE);
  });

  test("the same without guidance: the batch is filled up with copies", SLOW, async () => {
    const { latents } = await run("fixed", "stable-diffusion-1.5-webnn", unguided);
    expect(relativeDifference(latents.data, golden.float32("fixed-unguided"))).toBeLessThan(
      LATENTS_TOLERANCE,
    );
  });

  test("two pictures at a time in a fixed batch of two are the two pictures made alone", SLOW, async () => {
    const request = { negativePrompt: "n o .", batchSize: 2, seed: 42 };
    const { latents } = await run("fixed", "webnn", request);
    const first = golden.float32("fixed");
    expect(relativeDifference(latents.data.subarray(0, first.length), first)).toBeLessThan(LATENTS_TOLERANCE);
  });
});

describe("what published graphs cannot do is said before anything is loaded", () => {
  const refused = (message: string) => ({ message: expect.stringContaining(message) as string });
  const use = { modelId: "lora", unetWeight: 1, textWeight: 1 };

  test.each<[string, OnnxFixture, Partial<GenerationRequest>, string]>([
    ["another size than the exported one", "fixed", { width: 128 }, "makes pictures of 64x64 only"],
    ["more pictures at a time than its batch", "fixed", { batchSize: 3 }, "set a batch size of at most 2"],
    [
      "a longer prompt than its UNet reads",
      "fixed",
      { prompt: "f ".repeat(90) },
      "reads 75 tokens of a prompt at most",
    ],
    ["a layer that its text encoder does not give", "fixed", { clipSkip: 2 }, "set clip skip to 1"],
    ["a LoRA", "optimum", { loras: [use] }, "take no LoRA"],
  ])("%s", SLOW, async (_, fixture, request, message) => {
    const lora = { ...(await open(fixture, "lora")).record, type: "lora" as const };
    const { engine: asked } = await startNodeEngine({
      openModel: () => Promise.resolve(next),
      listModels: () => Promise.resolve([lora]),
    });
    await expect(
      (async () => {
        next = await open(fixture, "limits");
        await asked.generate("limits", tinyRequest({ ...base, ...request, modelId: "limits" }));
      })(),
    ).rejects.toMatchObject(refused(message));
    await asked.unload();
  });
});
