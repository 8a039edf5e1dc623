// The memory estimate: weights to the byte, activations by how they must grow and against the graphs that are run.

import { expect, test } from "vitest";
import { detectModel } from "../../../src/models/detect-model.ts";
import { dialects } from "../../../src/models/dialects.ts";
import { deviceMemoryNeed, type MemoryRequest } from "../../../src/models/requirements.ts";
import { buildUnet } from "../../../src/models/unet.ts";
import { buildVaeDecoder } from "../../../src/models/vae-decoder.ts";
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

// In-place results, which the runtime saves, and small values, which the estimate leaves out, make the difference.
const ESTIMATE_TOLERANCE = 0.2;

test.each(["stable-diffusion-1-5", "stable-diffusion-xl-base"])(
  "%s: the estimate is what the values of the built graphs take at their widest point",
  (name) => {
    const { checkpoint, unet, vae, ...others } = detectModel(headerOnlyCheckpoint(headerFixture(name)));
    const latents = { latentHeight: 64, latentWidth: 64 };
    for (const id of ["wasm-float32", "wasm-compact", "webgpu-float16"] as const) {
      const dialect = dialects[id];
      const wholeScores = dialect.device === "wasm";
      const estimate = deviceMemoryNeed(
        { checkpoint, unet, vae, ...others },
        {
          ...request,
          precision: dialect.precision,
          weights: dialect.compactWeights ? "float16" : dialect.precision,
          rowWinograd: dialect.rowWinograd,
          wholeScores,
        },
      );
      const scores = wholeScores ? "wholeScores" : "tiledScores";
      const graphs = [
        [
          estimate.unetActivations,
          buildUnet(checkpoint, unet, { dialect, batch: 2, tokens: 77, ...latents }),
        ],
        [estimate.vaeActivations, buildVaeDecoder(checkpoint, vae, { dialect, batch: 1, ...latents })],
      ] as const;
      for (const [estimated, graph] of graphs) {
        const counted = graph.workingBytes[scores];
        expect(estimated / counted, `${id} ${graph.name}`).toBeGreaterThan(1 - ESTIMATE_TOLERANCE);
        // The largest weight is seldom widened at the widest point, so that this much less may be needed.
        const stored = graph.externals.map(({ byteLength }) => byteLength);
        const widened = graph.widensWeights ? 2 * Math.max(...stored) : 0;
        expect((estimated - widened) / counted, `${id} ${graph.name}`).toBeLessThan(1 + ESTIMATE_TOLERANCE);
      }
      const weights = graphs[0][1].externals.reduce((sum, { byteLength }) => sum + byteLength, 0);
      expect(Math.abs(estimate.unet / weights - 1), id).toBeLessThan(0.02);
    }
  },
);
