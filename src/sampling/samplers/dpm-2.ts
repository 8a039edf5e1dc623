// DPM-Solver-2 (Lu et al. 2022): the derivative at the geometric middle of the step. Plain and ancestral. Two calls per step.

import type { Sampler } from "../sampler.ts";
import { ancestralStep } from "./ancestral-step.ts";
import { createLatentsOwner } from "./latents-owner.ts";

function dpm2(defaultEta: number): Sampler {
  return async (denoise, start, sigmas, { math, noise, eta = defaultEta, onStep }) => {
    const latents = createLatentsOwner(math, start);
    for (let i = 0; i < sigmas.length - 1; i++) {
      const [sigma, sigmaNext] = [sigmas[i], sigmas[i + 1]];
      const denoised = await denoise(latents.x, sigma);
      await onStep({ step: i, sigma, denoised });
      const { sigmaDown, sigmaUp } = ancestralStep(sigma, sigmaNext, eta);
      if (sigmaDown === 0) {
        latents.replace(denoised);
        continue;
      }
      const sigmaMiddle = Math.sqrt(sigma * sigmaDown);
      const ratio = sigmaMiddle / sigma;
      const middle = math.combine([ratio, latents.x], [1 - ratio, denoised]);
      math.release(denoised);
      const denoised2 = await denoise(middle, sigmaMiddle);
      const weight = (sigmaDown - sigma) / sigmaMiddle;
      const terms: [number, typeof start][] = [
        [1, latents.x],
        [weight, middle],
        [-weight, denoised2],
      ];
      const fresh = sigmaUp > 0 ? math.upload(noise(sigma, sigmaNext)) : undefined;
      if (fresh) terms.push([sigmaUp, fresh]);
      latents.replace(math.combine(...terms));
      math.release(middle);
      math.release(denoised2);
      if (fresh) math.release(fresh);
    }
    return latents.x;
  };
}

export const sampleDpm2: Sampler = (denoise, x, sigmas, run) =>
  dpm2(0)(denoise, x, sigmas, { ...run, eta: 0 });
export const sampleDpm2Ancestral = dpm2(1);
