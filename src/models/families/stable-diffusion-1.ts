// Stable Diffusion 1.x, predicting epsilon: the family of SD 1.4, SD 1.5 and everything fine-tuned from them. Data only.

import type { ModelFamily } from "../families.ts";

export const stableDiffusion1: ModelFamily = {
  id: "sd1",
  name: "Stable Diffusion 1.x",
  matches: { inChannels: 4, outChannels: 4, linearProjection: false, classEmbedding: false },
  prediction: "epsilon",
  noiseSchedule: {
    kind: "scaled-linear",
    betaStart: 0.00085,
    betaEnd: 0.012,
    steps: 1000,
    zeroTerminalSnr: false,
  },
  latents: { channels: 4, scale: 0.18215, shift: 0 },
  unet: { prefix: "model.diffusion_model.", heads: { count: 8 }, normGroups: 32 },
  vae: { prefix: "first_stage_model.", normGroups: 32 },
  textEncoders: [
    {
      layout: "clip",
      prefix: "cond_stage_model.transformer.text_model.",
      activation: "quick_gelu",
      headWidth: 64,
      maxTokens: 77,
    },
  ],
  defaults: {
    width: 512,
    height: 512,
    steps: 20,
    guidanceScale: 7,
    sampler: "DPM++ 2M",
    schedule: "Karras",
    clipSkip: 1,
  },
  // ComfyUI's least-squares fit on SD 1.5 latents.
  latentRgbFactors: {
    factors: [
      [0.3512, 0.2297, 0.3227],
      [0.325, 0.4974, 0.235],
      [-0.2829, 0.1762, 0.2721],
      [-0.212, -0.2616, -0.7177],
    ],
    bias: [0, 0, 0],
  },
};
