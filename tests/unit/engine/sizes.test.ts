// Sizes that people use, on the WASM kernels, against diffusers (tools/fixtures/sizes.py): a whole guided run at 520x536, which no
// halving divides, and networks of few channels at batch 2 up to 1024x1024. Small sizes and families are parity's and family-parity's.

import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { detectModel } from "../../../src/models/detect-model.ts";
import { dialects } from "../../../src/models/dialects.ts";
import type { DetectedModel } from "../../../src/models/model-config.ts";
import {
  syntheticModel,
  type SyntheticCheckpointId,
} from "../../../src/models/synthetic/synthetic-models.ts";
import { buildUnet } from "../../../src/models/unet.ts";
import { buildVaeDecoder } from "../../../src/models/vae-decoder.ts";
import { torchCpuGenerator } from "../../../src/sampling/torch-cpu.ts";
import { openSafetensors } from "../../../src/weights/safetensors.ts";
import { GoldenTensors } from "../../support/fixture-model.ts";
import { startNodeEngine } from "../../support/node-engine.ts";
import { relativeDifference, runGraph } from "../../support/run-graph.ts";
import { tinyRequest } from "../../support/tiny-request.ts";

const RUN_TOLERANCE = 1e-3;
const PASS_TOLERANCE = 1e-4;
/** Measured at 768x768: 1.4e-4, where 9216 tokens attend and most convolutions are transformed ones. */
const DECODER_TOLERANCE = 3e-4;
const BATCH = 2;
const TOKENS = 77;
/** Attention at these sizes takes seconds, and more on a busy machine. */
const SLOW = { timeout: 240_000 };

let golden: GoldenTensors;
beforeAll(async () => {
  const url = new URL("../../fixtures/sizes/results.safetensors", import.meta.url);
  golden = await GoldenTensors.of(readFileSync(url));
});

const normal = (seed: number, ...shape: readonly number[]): Float32Array =>
  torchCpuGenerator(seed).normal(shape.reduce((product, size) => product * size, 1));

/** Every so many rows and columns of the last two axes, as the fixture keeps them. */
function thinned(data: Float32Array, height: number, width: number, stride: number): Float32Array {
  const kept: number[] = [];
  for (let plane = 0; plane < data.length; plane += height * width) {
    for (let row = 0; row < height; row += stride) {
      for (let column = 0; column < width; column += stride) kept.push(data[plane + row * width + column]);
    }
  }
  return Float32Array.from(kept);
}

test("a guided run at 520x536 agrees with diffusers in latents and picture", SLOW, async () => {
  const { engine } = await startNodeEngine();
  const { tensors } = await engine.generate(
    "odd",
    tinyRequest({ width: 536, height: 520, steps: 2, schedule: "Uniform", dumpTensors: true }),
  );
  const { latents, image } = tensors!;
  expect(latents.shape).toEqual([1, 4, 65, 67]);
  expect(relativeDifference(latents.data, golden.float32("run.latents"))).toBeLessThan(RUN_TOLERANCE);
  expect(image.shape).toEqual([3, 520, 536]);
  expect(relativeDifference(thinned(image.data, 520, 536, 16), golden.float32("run.image"))).toBeLessThan(
    RUN_TOLERANCE,
  );
});

const synthetic = async (id: SyntheticCheckpointId): Promise<DetectedModel> =>
  detectModel(await openSafetensors(syntheticModel(id, "small")));

describe("networks of few channels agree with diffusers", () => {
  test.each([
    ["sd-1.5", 520, 536],
    ["sd-2.1-base", 768, 768],
    ["sdxl", 1024, 1024],
  ] as const)("UNet of %s, batch 2, at %ix%i", SLOW, async (id, height, width) => {
    const [latentHeight, latentWidth] = [height / 8, width / 8];
    const { checkpoint, unet } = await synthetic(id);
    const shape = { batch: BATCH, latentHeight, latentWidth, tokens: TOKENS };
    const { output } = await runGraph(
      buildUnet(checkpoint, unet, { dialect: dialects["wasm-float32"], ...shape }),
      {
        latents: normal(1, BATCH, 4, latentHeight, latentWidth),
        timestep: Float32Array.of(500),
        context: normal(2, BATCH, TOKENS, unet.contextWidth),
        ...(unet.classEmbeddingWidth && { y: normal(3, BATCH, unet.classEmbeddingWidth) }),
      },
    );
    const got = thinned(output.data, latentHeight, latentWidth, 4);
    expect(relativeDifference(got, golden.float32(`unet.${id}`))).toBeLessThan(PASS_TOLERANCE);
  });

  test.each([
    ["sd-1.5", 520, 536],
    ["sd-2.1-base", 768, 768],
  ] as const)("VAE decoder of %s at %ix%i", SLOW, async (id, height, width) => {
    const [latentHeight, latentWidth] = [height / 8, width / 8];
    const { checkpoint, vae } = await synthetic(id);
    const options = { dialect: dialects["wasm-float32"], batch: 1, latentHeight, latentWidth };
    const { pixels } = await runGraph(buildVaeDecoder(checkpoint, vae, options), {
      latents: normal(1, 4, latentHeight, latentWidth),
    });
    const got = thinned(pixels.data, height, width, 16);
    expect(relativeDifference(got, golden.float32(`decoder.${id}`))).toBeLessThan(DECODER_TOLERANCE);
  });
});
