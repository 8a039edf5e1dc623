// DPM-Solver++(2M) with noise, in its midpoint and its Heun form (k-diffusion's "DPM++ 2M SDE"). One call per step.

import type { Sampler } from "../sampler.ts";
import { createLatentsOwner } from "./latents-owner.ts";

/** Weight of the change since the last estimate, for decay = (1 + eta) · h. */
type Correction = (decay: number) => number;

const midpoint: Correction = (decay) => -0.5 * Math.expm1(-decay);
const heun: Correction = (decay) => Math.expm1(-decay) / decay + 1;

function dpmpp2mSde(correction: Correction): Sampler {
  return async (denoise, start, sigmas, { math, noise, eta = 1, onStep }) => {
    const latents = createLatentsOwner(math, start);
    let previous: { denoised: typeof start; h: number } | undefined;
    for (let i = 0; i < sigmas.length - 1; i++) {
      const [sigma, sigmaNext] = [sigmas[i], sigmas[i + 1]];
      const denoised = await denoise(latents.x, sigma);
      await onStep({ step: i, sigma, denoised });
      const h = Math.log(sigma / sigmaNext);
      if (sigmaNext === 0) {
        latents.replace(math.combine([1, denoised]));
      } else {
        const decay = (1 + eta) * h;
        const change = previous ? (correction(decay) * h) / previous.h : 0;
        const terms: [number, typeof start][] = [
          [Math.exp(-decay), latents.x],
          [-Math.expm1(-decay) + change, denoised],
        ];
        if (previous) terms.push([-change, previous.denoised]);
        const fresh = eta > 0 ? math.upload(noise(sigma, sigmaNext)) : undefined;
        if (fresh) terms.push([sigmaNext * Math.sqrt(-Math.expm1(-2 * eta * h)), fresh]);
        latents.replace(math.combine(...terms));
        if (fresh) math.release(fresh);
      }
      if (previous) math.release(previous.denoised);
      previous = { denoised, h };
    }
    if (previous) math.release(previous.denoised);
    return latents.x;
  };
}

export const sampleDpmpp2mSde = dpmpp2mSde(midpoint);
export const sampleDpmpp2mSdeHeun = dpmpp2mSde(heun);
