// The smallest UNet that has everything a published one has at one resolution, with random weights: fast enough for a software GPU.

import type { MeasuredUnet } from "../../src/engine/benchmark/measured-components.ts";
import { stableDiffusionXl } from "../../src/models/families/stable-diffusion-xl.ts";
import { unetTensors } from "../../src/models/required-tensors.ts";
import { randomTensor } from "../../src/models/synthetic/random-tensors.ts";
import { unetConfig } from "../../src/models/synthetic/unet-layout.ts";
import { randomSource } from "../../src/weights/random-source.ts";
import { openSafetensors } from "../../src/weights/safetensors.ts";

const DIMENSIONS = {
  channels: 32,
  multipliers: [1],
  depths: [1],
  middleDepth: 1,
  contextWidth: 32,
  classEmbeddingWidth: 16,
};

export async function oneLevelUnet(): Promise<MeasuredUnet> {
  const traits = { ...stableDiffusionXl.unet, heads: { count: 2 }, linearProjection: true };
  const config = unetConfig(DIMENSIONS, traits);
  const tensors = unetTensors(config).map(randomTensor);
  const checkpoint = await openSafetensors(randomSource("one-level.safetensors", tensors, 1));
  return {
    model: "sdxl",
    checkpoint,
    config,
    shape: { batch: 2, tokens: 77, latentHeight: 4, latentWidth: 4 },
  };
}
