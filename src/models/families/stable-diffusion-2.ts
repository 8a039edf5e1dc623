// Stable Diffusion 2.x: linear projections, heads of 64 channels, OpenCLIP's text encoder. Data only.
//
// The 768-pixel models predict v, the 512-pixel ones and SD-Turbo epsilon, and no name or shape tells which. A file that says
// nothing is taken for v, which most published ones predict, unless its title or name says otherwise.

import type { ModelFamily } from "../families.ts";
import { scaledLinearNoise, stableDiffusion1 } from "./stable-diffusion-1.ts";
import { openClipH } from "./text-encoders.ts";

export const stableDiffusion2V: ModelFamily = {
  ...stableDiffusion1,
  id: "sd2-v",
  name: "Stable Diffusion 2.x, v-prediction",
  matches: { ...stableDiffusion1.matches, linearProjection: true },
  prediction: "v",
  unet: { ...stableDiffusion1.unet, heads: { width: 64 } },
  textEncoders: [openClipH],
  defaults: { ...stableDiffusion1.defaults, width: 768, height: 768 },
};

/** Trained further on noise down to no signal at all. */
export const stableDiffusion2ZeroSnr: ModelFamily = {
  ...stableDiffusion2V,
  id: "sd2-v-ztsnr",
  name: "Stable Diffusion 2.x, v-prediction with zero terminal SNR",
  noiseSchedule: { ...scaledLinearNoise, zeroTerminalSnr: true },
};

export const stableDiffusion2Base: ModelFamily = {
  ...stableDiffusion2V,
  id: "sd2-base",
  name: "Stable Diffusion 2.x base",
  named: /(?<!\d)512(?!\d)|(?<![a-z])base(?![a-z])/i,
  prediction: "epsilon",
  defaults: stableDiffusion1.defaults,
};

/** Distilled to one to four steps without guidance. */
export const stableDiffusionTurbo: ModelFamily = {
  ...stableDiffusion2Base,
  id: "sd-turbo",
  name: "SD-Turbo",
  named: /turbo/i,
  defaults: {
    ...stableDiffusion1.defaults,
    steps: 4,
    guidanceScale: 1,
    sampler: "Euler a",
    schedule: "SGM Uniform",
  },
};

/** Trained on from the 512-pixel base, so it predicts epsilon. Inputs as in SD 1.x inpainting. */
export const stableDiffusion2Inpainting: ModelFamily = {
  ...stableDiffusion2V,
  id: "sd2-inpainting",
  name: "Stable Diffusion 2.x, inpainting",
  matches: { ...stableDiffusion2V.matches, inChannels: 9 },
  extraChannels: ["mask", "maskedLatents"],
  prediction: "epsilon",
  defaults: stableDiffusion1.defaults,
};
