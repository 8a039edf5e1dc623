// The random models have exactly the tensors of the published files they stand for, and detection takes them for those.

import { expect, test } from "vitest";
import { detectModel } from "../../../../src/models/detect-model.ts";
import {
  SYNTHETIC_CHECKPOINTS,
  SYNTHETIC_UPSCALER,
  syntheticFamily,
  syntheticModel,
  type SyntheticCheckpointId,
} from "../../../../src/models/synthetic/synthetic-models.ts";
import { detectUpscaler } from "../../../../src/models/upscalers/detect-upscaler.ts";
import { openSafetensors } from "../../../../src/weights/safetensors.ts";
import { convertTensor } from "../../../../src/weights/dtypes.ts";
import { headerFixture, headerOnlyCheckpoint } from "../../../support/header-only.ts";

/** SD 2.1 differs from its base in training alone. */
const PUBLISHED: Readonly<Record<SyntheticCheckpointId, string>> = {
  "sd-1.5": "stable-diffusion-1-5",
  "sd-2.1-base": "stable-diffusion-2-1",
  sdxl: "stable-diffusion-xl-base",
};

/** What a model is, without where it is read from. */
function described(detected: ReturnType<typeof detectModel>): unknown {
  const { textEncoders, unet, vae, sizeConditioning } = detected;
  return { textEncoders, unet, vae, sizeConditioning };
}

test.each(SYNTHETIC_CHECKPOINTS)("%s at full size is described as its published file is", async (id) => {
  const synthetic = await openSafetensors(syntheticModel(id, "full"));
  const published = headerFixture(PUBLISHED[id]);
  for (const [key, { shape }] of synthetic.tensors) expect(published.get(key)?.[1], key).toEqual(shape);
  const family = syntheticFamily(id).id;
  expect(described(detectModel(synthetic, family))).toEqual(
    described(detectModel(headerOnlyCheckpoint(published), family)),
  );
});

test.each(SYNTHETIC_CHECKPOINTS)("%s at small size is a model of its family", async (id) => {
  const { id: family } = syntheticFamily(id);
  const detected = detectModel(await openSafetensors(syntheticModel(id, "small")), family);
  expect(detected.family.id).toBe(family);
});

test("the upscaler at full size is ESRGAN's network with 23 blocks", async () => {
  const { config } = detectUpscaler(await openSafetensors(syntheticModel(SYNTHETIC_UPSCALER, "full")));
  expect(config).toMatchObject({ architecture: "rrdb-net", scale: 4, channels: 64, growth: 32 });
  expect(config.architecture === "rrdb-net" && config.blocks.length).toBe(23);
});

test("weights keep the variance of what they are multiplied with", async () => {
  const source = syntheticModel("sd-1.5", "small");
  const checkpoint = await openSafetensors(source);
  const values = (key: string): Float32Array => {
    const { start, end, dtype } = checkpoint.tensors.get(key)!;
    return new Float32Array(convertTensor(source.readSync(start, end), dtype, "float32").buffer);
  };
  const matrix = values("model.diffusion_model.input_blocks.4.0.in_layers.2.weight"); // [64, 32, 3, 3]
  const square = matrix.reduce((sum, value) => sum + value * value, 0) / matrix.length;
  expect(square * 32 * 9).toBeCloseTo(1, 1);
  const norm = values("model.diffusion_model.input_blocks.4.0.in_layers.0.weight");
  expect(norm.reduce((sum, value) => sum + value, 0) / norm.length).toBeCloseTo(1, 2);
});
