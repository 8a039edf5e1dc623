// Euler steps: algorithm 2 of Karras et al. 2022 without its correction and without churn. First order, one call per step.

import type { Sampler } from "../sampler.ts";
import { createLatentsOwner } from "./latents-owner.ts";

export const sampleEuler: Sampler = async (denoise, start, sigmas, { math, onStep }) => {
  const latents = createLatentsOwner(math, start);
  for (let i = 0; i < sigmas.length - 1; i++) {
    const denoised = await denoise(latents.x, sigmas[i]);
    await onStep({ step: i, sigma: sigmas[i], denoised });
    // x + (sigmaNext - sigma) · d with d = (x - denoised) / sigma.
    const ratio = sigmas[i + 1] / sigmas[i];
    latents.replace(math.combine([ratio, latents.x], [1 - ratio, denoised]));
    math.release(denoised);
  }
  return latents.x;
};
