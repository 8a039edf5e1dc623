// DPM-Solver++ with noise at both stages of a two-stage step (k-diffusion's "DPM++ SDE", r = 1/2). Two calls per step.

import type { Sampler } from "../sampler.ts";
import { ancestralStep } from "./ancestral-step.ts";
import { createLatentsOwner } from "./latents-owner.ts";

export const sampleDpmppSde: Sampler = async (denoise, start, sigmas, { math, noise, eta = 1, onStep }) => {
  const latents = createLatentsOwner(math, start);
  for (let i = 0; i < sigmas.length - 1; i++) {
    const [sigma, sigmaNext] = [sigmas[i], sigmas[i + 1]];
    const denoised = await denoise(latents.x, sigma);
    await onStep({ step: i, sigma, denoised });
    if (sigmaNext === 0) {
      latents.replace(denoised);
      continue;
    }

    const stage = (to: number, estimate: typeof start): typeof start => {
      const { sigmaDown, sigmaUp } = ancestralStep(sigma, to, eta);
      const ratio = sigmaDown / sigma;
      const fresh = math.upload(noise(sigma, to));
      const next = math.combine([ratio, latents.x], [1 - ratio, estimate], [sigmaUp, fresh]);
      math.release(fresh);
      return next;
    };
    const sigmaMiddle = Math.sqrt(sigma * sigmaNext);
    const middle = stage(sigmaMiddle, denoised);
    const denoised2 = await denoise(middle, sigmaMiddle);
    math.release(middle);
    math.release(denoised);
    // With r = 1/2 the second stage weighs the first estimate by 1 - 1/(2r) = 0.
    latents.replace(stage(sigmaNext, denoised2));
    math.release(denoised2);
  }
  return latents.x;
};
