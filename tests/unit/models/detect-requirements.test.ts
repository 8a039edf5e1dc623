// The memory estimate: weights to the byte, activations by how they must grow.

import { expect, test } from "vitest";
import { detectModel } from "../../../src/models/detect-model.ts";
import { deviceMemoryNeed, type MemoryRequest } from "../../../src/models/requirements.ts";
import { headerFixture, headerOnlyCheckpoint } from "../../support/header-only.ts";

const model = detectModel(headerOnlyCheckpoint(headerFixture("stable-diffusion-1-5")));
const request: MemoryRequest = {
  width: 512,
  height: 512,
  batchSize: 1,
  guided: true,
  precision: "float16",
  wholeScores: false,
};
const need = (changes: Partial<MemoryRequest> = {}) => deviceMemoryNeed(model, { ...request, ...changes });

test("weights are the published parameter counts times their size", () => {
  expect(need()).toMatchObject({
    textEncoders: 2 * 123_060_480,
    unet: 2 * 859_520_964,
    vae: 4 * 83_653_863,
  });
  expect(need({ precision: "float32" }).unet).toBe(4 * 859_520_964);
});

test("the total is all weights and the larger of the two working sets", () => {
  const { textEncoders, unet, vae, unetActivations, vaeActivations, total } = need();
  expect(total).toBe(textEncoders + unet + vae + Math.max(unetActivations, vaeActivations));
});

test("the VAE's widest point is its first residual block at full resolution", () => {
  // 256 channels in, kept and normalised, 128 out, float32.
  expect(need().vaeActivations).toBe(4 * (256 + 256 + 128) * 512 * 512);
});

test("the UNet's widest point holds every skip connection of its first level", () => {
  const one = 320 * 64 * 64; // the first level's value
  expect(need().unetActivations).toBeGreaterThan(2 * 2 * 14 * one);
  expect(need().unetActivations).toBeLessThan(2 * 2 * 24 * one);
});

test("whole score matrices dominate at 512x512", () => {
  const scores = 2 * 2 * 8 * 4096 * 4096; // halves of guidance, bytes, heads, positions squared
  expect(need({ wholeScores: true }).unetActivations).toBeGreaterThan(scores);
  expect(need({ wholeScores: true }).unetActivations).toBeLessThan(1.3 * scores);
});

test("activations grow with pictures, guidance and pixels; weights do not", () => {
  expect(need({ batchSize: 3 }).unetActivations).toBe(3 * need().unetActivations);
  expect(need({ guided: false }).unetActivations).toBe(need().unetActivations / 2);
  expect(need({ width: 1024 }).unetActivations).toBe(2 * need().unetActivations);
  expect(need({ width: 1024, batchSize: 4 }).unet).toBe(need().unet);
});
