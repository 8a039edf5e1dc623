// Stable Diffusion 1.x and what was trained on from it: SD 1.4, SD 1.5 and their merges, and the variants with other inputs
// or another training target. Data only.

import type { DiscreteNoise, ModelFamily } from "../families.ts";
import { clipLWhole } from "./text-encoders.ts";

/** All of Stable Diffusion up to XL was trained on it. */
export const scaledLinearNoise: DiscreteNoise = {
  kind: "scaled-linear",
  betaStart: 0.00085,
  betaEnd: 0.012,
  steps: 1000,
  zeroTerminalSnr: false,
};

export const stableDiffusion1: ModelFamily = {
  id: "sd1",
  name: "Stable Diffusion 1.x",
  matches: {
    inChannels: 4,
    outChannels: 4,
    linearProjection: false,
    classEmbedding: false,
    guidanceEmbedding: false,
  },
  prediction: "epsilon",
  noiseSchedule: scaledLinearNoise,
  latents: { channels: 4, scale: 0.18215, shift: 0 },
  unet: { prefix: "model.diffusion_model.", heads: { count: 8 }, normGroups: 32 },
  vae: { prefix: "first_stage_model.", normGroups: 32 },
  textEncoders: [clipLWhole],
  zeroEmptyNegative: false,
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

/** Fine-tuned to predict v; only the file itself can say so. */
export const stableDiffusion1V: ModelFamily = {
  ...stableDiffusion1,
  id: "sd1-v",
  name: "Stable Diffusion 1.x, v-prediction",
  prediction: "v",
};

/** Trained further on noise down to no signal at all. */
export const stableDiffusion1ZeroSnr: ModelFamily = {
  ...stableDiffusion1V,
  id: "sd1-v-ztsnr",
  name: "Stable Diffusion 1.x, v-prediction with zero terminal SNR",
  noiseSchedule: { ...scaledLinearNoise, zeroTerminalSnr: true },
};

const lcmDefaults = { steps: 6, guidanceScale: 1.5, sampler: "LCM", schedule: "SGM Uniform" } as const;

/** SD 1.x with LCM's adapter merged in: the same shapes, few steps. */
export const stableDiffusion1Lcm: ModelFamily = {
  ...stableDiffusion1,
  id: "sd1-lcm-merge",
  name: "Stable Diffusion 1.x, LCM merge",
  named: /(?<![a-z])lcm(?![a-z])/i,
  defaults: { ...stableDiffusion1.defaults, ...lcmDefaults },
};

/** A latent consistency model: takes the guidance scale as an input, so one forward per step is enough. */
export const latentConsistency1: ModelFamily = {
  ...stableDiffusion1,
  id: "sd1-lcm",
  name: "Stable Diffusion 1.x, latent consistency",
  matches: { ...stableDiffusion1.matches, guidanceEmbedding: true },
  defaults: { ...stableDiffusion1.defaults, ...lcmDefaults, guidanceScale: 8 },
};

/** Sees four noisy latents, the mask, and four latents of the picture without what is masked. */
export const stableDiffusion1Inpainting: ModelFamily = {
  ...stableDiffusion1,
  id: "sd1-inpainting",
  name: "Stable Diffusion 1.x, inpainting",
  matches: { ...stableDiffusion1.matches, inChannels: 9 },
  extraChannels: ["mask", "maskedLatents"],
};

/** Sees four noisy latents and four unscaled latents of the picture to change. */
export const instructPix2Pix1: ModelFamily = {
  ...stableDiffusion1,
  id: "sd1-pix2pix",
  name: "InstructPix2Pix (Stable Diffusion 1.x)",
  matches: { ...stableDiffusion1.matches, inChannels: 8 },
  extraChannels: ["editedLatents"],
};
