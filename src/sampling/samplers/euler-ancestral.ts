// Euler steps to a lower noise level than the next one, then fresh noise up to it (k-diffusion's "Euler a").

import type { Sampler } from "../sampler.ts";
import { ancestralStep } from "./ancestral-step.ts";
import { createLatentsOwner } from "./latents-owner.ts";

export const sampleEulerAncestral: Sampler = async (
  denoise,
  start,
  sigmas,
  { math, noise, eta = 1, onStep },
) => {
  const latents = createLatentsOwner(math, start);
  for (let i = 0; i < sigmas.length - 1; i++) {
    const [sigma, sigmaNext] = [sigmas[i], sigmas[i + 1]];
    const denoised = await denoise(latents.x, sigma);
    await onStep({ step: i, sigma, denoised });
    const { sigmaDown, sigmaUp } = ancestralStep(sigma, sigmaNext, eta);
    const ratio = sigmaDown / sigma;
    if (sigmaNext > 0) {
      const fresh = math.upload(noise(sigma, sigmaNext));
      latents.replace(math.combine([ratio, latents.x], [1 - ratio, denoised], [sigmaUp, fresh]));
      math.release(fresh);
    } else {
      latents.replace(math.combine([ratio, latents.x], [1 - ratio, denoised]));
    }
    math.release(denoised);
  }
  return latents.x;
};
