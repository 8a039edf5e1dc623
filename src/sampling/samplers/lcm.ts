// Latent consistency sampling, Luo et al. 2023: every call jumps to clean latents, fresh noise leads to the next level.

import type { Sampler } from "../sampler.ts";
import { createLatentsOwner } from "./latents-owner.ts";

export const sampleLcm: Sampler = async (denoise, start, sigmas, { math, noise, onStep }) => {
  const latents = createLatentsOwner(math, start);
  for (let i = 0; i < sigmas.length - 1; i++) {
    const [sigma, sigmaNext] = [sigmas[i], sigmas[i + 1]];
    const denoised = await denoise(latents.x, sigma);
    await onStep({ step: i, sigma, denoised });
    if (sigmaNext > 0) {
      const fresh = math.upload(noise(sigma, sigmaNext));
      latents.replace(math.combine([1, denoised], [sigmaNext, fresh]));
      math.release(fresh);
      math.release(denoised);
    } else {
      latents.replace(denoised);
    }
  }
  return latents.x;
};
