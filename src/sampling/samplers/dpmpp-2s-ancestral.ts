// DPM-Solver++(2S), Lu et al. 2022, as an ancestral sampler (k-diffusion's "DPM++ 2S a"). Two calls per step, one for the last.

import type { Sampler } from "../sampler.ts";
import { ancestralStep } from "./ancestral-step.ts";
import { createLatentsOwner } from "./latents-owner.ts";

export const sampleDpmpp2sAncestral: Sampler = async (
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
    if (sigmaDown === 0) {
      latents.replace(math.combine([ratio, latents.x], [1 - ratio, denoised]));
    } else {
      // The midpoint in t = -log sigma is the geometric mean of the sigmas.
      const sigmaMiddle = Math.sqrt(sigma * sigmaDown);
      const middleRatio = sigmaMiddle / sigma;
      const middle = math.combine([middleRatio, latents.x], [1 - middleRatio, denoised]);
      const denoised2 = await denoise(middle, sigmaMiddle);
      math.release(middle);
      latents.replace(math.combine([ratio, latents.x], [1 - ratio, denoised2]));
      math.release(denoised2);
    }
    math.release(denoised);
    if (sigmaNext > 0) {
      const fresh = math.upload(noise(sigma, sigmaNext));
      latents.replace(math.combine([1, latents.x], [sigmaUp, fresh]));
      math.release(fresh);
    }
  }
  return latents.x;
};
