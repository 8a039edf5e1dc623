// Stable Diffusion XL and what was trained on from it, Pony, Illustrious and pruned ones (SSD-1B, Segmind Vega, KOALA)
// included: those have the base's row, since blocks and depths are read from shapes. Data only.

import type { ModelFamily } from "../families.ts";
import { scaledLinearNoise, stableDiffusion1 } from "./stable-diffusion-1.ts";
import { clipLPenultimate, openClipGBase, openClipGRefiner } from "./text-encoders.ts";

export const stableDiffusionXl: ModelFamily = {
  ...stableDiffusion1,
  id: "sdxl",
  name: "Stable Diffusion XL",
  matches: { ...stableDiffusion1.matches, linearProjection: true, classEmbedding: true },
  latents: { channels: 4, scale: 0.13025, shift: 0 },
  unet: { ...stableDiffusion1.unet, heads: { width: 64 } },
  textEncoders: [clipLPenultimate, openClipGBase],
  sizeConditioning: ["height", "width", "cropTop", "cropLeft", "targetHeight", "targetWidth"],
  zeroEmptyNegative: true,
  defaults: { ...stableDiffusion1.defaults, width: 1024, height: 1024, steps: 25, guidanceScale: 6 },
  // ComfyUI's fit on SDXL latents.
  latentRgbFactors: {
    factors: [
      [0.3651, 0.4232, 0.4341],
      [-0.2533, -0.0042, 0.1068],
      [0.1076, 0.1111, -0.0362],
      [-0.3165, -0.2492, -0.2188],
    ],
    bias: [0.1084, -0.0175, -0.0011],
  },
};

/** The published model works at 512 pixels; merges that carry "turbo" in their names go with Lightning. */
export const stableDiffusionXlTurbo: ModelFamily = {
  ...stableDiffusionXl,
  id: "sdxl-turbo",
  name: "SDXL-Turbo",
  named: /sd[-_ ]?xl[-_ ]?turbo/i,
  defaults: {
    ...stableDiffusionXl.defaults,
    width: 512,
    height: 512,
    steps: 4,
    guidanceScale: 1,
    sampler: "Euler a",
    schedule: "SGM Uniform",
  },
};

export const stableDiffusionXlLightning: ModelFamily = {
  ...stableDiffusionXl,
  id: "sdxl-lightning",
  name: "Stable Diffusion XL, few steps (Lightning, Hyper, Turbo merges)",
  named: /lightning|turbo|hyper(?![a-z])/i,
  defaults: {
    ...stableDiffusionXl.defaults,
    steps: 6,
    guidanceScale: 1.5,
    sampler: "Euler",
    schedule: "SGM Uniform",
  },
};

const lcmDefaults = { steps: 6, guidanceScale: 1.5, sampler: "LCM", schedule: "SGM Uniform" } as const;

export const stableDiffusionXlLcm: ModelFamily = {
  ...stableDiffusionXl,
  id: "sdxl-lcm-merge",
  name: "Stable Diffusion XL, LCM merge",
  named: /(?<![a-z])lcm(?![a-z])/i,
  defaults: { ...stableDiffusionXl.defaults, ...lcmDefaults },
};

/** Takes the guidance scale as an input, so one forward per step is enough. */
export const latentConsistencyXl: ModelFamily = {
  ...stableDiffusionXl,
  id: "sdxl-lcm",
  name: "Stable Diffusion XL, latent consistency",
  matches: { ...stableDiffusionXl.matches, guidanceEmbedding: true },
  defaults: { ...stableDiffusionXl.defaults, ...lcmDefaults, guidanceScale: 8 },
};

/** Fine-tuned to predict v; the file says so with the key `v_pred` or in its metadata. */
export const stableDiffusionXlV: ModelFamily = {
  ...stableDiffusionXl,
  id: "sdxl-v",
  name: "Stable Diffusion XL, v-prediction",
  prediction: "v",
  // As NoobAI's authors recommend.
  defaults: { ...stableDiffusionXl.defaults, guidanceScale: 5, sampler: "Euler", schedule: "Normal" },
};

/** NoobAI's v-prediction models: noise down to no signal at all, marked by the keys `v_pred` and `ztsnr`. */
export const stableDiffusionXlZeroSnr: ModelFamily = {
  ...stableDiffusionXlV,
  id: "sdxl-v-ztsnr",
  name: "Stable Diffusion XL, v-prediction with zero terminal SNR",
  noiseSchedule: { ...scaledLinearNoise, zeroTerminalSnr: true },
};

/** Stability's CosXL: v over a continuous range of noise, marked by the key `edm_vpred.sigma_max`. */
export const cosXl: ModelFamily = {
  ...stableDiffusionXlV,
  id: "sdxl-v-continuous",
  name: "Stable Diffusion XL, v-prediction over continuous noise (CosXL)",
  // The published files' values of that key and of `edm_vpred.sigma_min`.
  noiseSchedule: { kind: "continuous", sigmaMin: 0.002, sigmaMax: 120 },
};

const PLAYGROUND_STD = [8.4927, 5.9022, 6.5498, 5.2299];

/** Playground 2.5: SDXL's shapes trained as Karras' EDM on latents normalised per channel, marked by `edm_mean` and `edm_std`. */
export const playground25: ModelFamily = {
  ...stableDiffusionXl,
  id: "playground-2.5",
  name: "Playground 2.5",
  prediction: "edm",
  noiseSchedule: { kind: "continuous", sigmaMin: 0.002, sigmaMax: 80 },
  latents: {
    channels: 4,
    // To half a unit of standard deviation.
    scale: PLAYGROUND_STD.map((std) => 0.5 / std),
    shift: [-1.6574, 1.886, -1.383, 2.5155],
  },
  defaults: { ...stableDiffusionXl.defaults, guidanceScale: 3 },
  // ComfyUI's fit on this model's latents.
  latentRgbFactors: {
    factors: [
      [0.392, 0.4054, 0.4549],
      [-0.2634, -0.0196, 0.0653],
      [0.0568, 0.1687, -0.0755],
      [-0.3112, -0.2359, -0.2076],
    ],
    bias: [0, 0, 0],
  },
};

/** Inputs as in SD 1.x inpainting. */
export const stableDiffusionXlInpainting: ModelFamily = {
  ...stableDiffusionXl,
  id: "sdxl-inpainting",
  name: "Stable Diffusion XL, inpainting",
  matches: { ...stableDiffusionXl.matches, inChannels: 9 },
  extraChannels: ["mask", "maskedLatents"],
};

/** Inputs as in InstructPix2Pix. */
export const instructPix2PixXl: ModelFamily = {
  ...stableDiffusionXl,
  id: "sdxl-pix2pix",
  name: "InstructPix2Pix (Stable Diffusion XL)",
  matches: { ...stableDiffusionXl.matches, inChannels: 8 },
  extraChannels: ["editedLatents"],
};

/** Finishes pictures that the base model began. */
export const stableDiffusionXlRefiner: ModelFamily = {
  ...stableDiffusionXl,
  id: "sdxl-refiner",
  name: "Stable Diffusion XL refiner",
  textEncoders: [openClipGRefiner],
  sizeConditioning: ["height", "width", "cropTop", "cropLeft", "aestheticScore"],
  zeroEmptyNegative: false,
};
