// DPM-Solver++(2M), Lu et al. 2022: second order from one model call per step, by remembering the previous one.

import type { Sampler } from "../sampler.ts";
import { createLatentsOwner } from "./latents-owner.ts";

export const sampleDpmpp2m: Sampler = async (denoise, start, sigmas, { math, onStep }) => {
  const latents = createLatentsOwner(math, start);
  let previous: { denoised: typeof start; h: number } | undefined;
  for (let i = 0; i < sigmas.length - 1; i++) {
    const [sigma, sigmaNext] = [sigmas[i], sigmas[i + 1]];
    const denoised = await denoise(latents.x, sigma);
    await onStep({ step: i, sigma, denoised });

    const ratio = sigmaNext / sigma;
    const h = Math.log(sigma / sigmaNext); // infinite for the last step, which therefore ends on denoised
    if (!previous || sigmaNext === 0) {
      latents.replace(math.combine([ratio, latents.x], [1 - ratio, denoised]));
    } else {
      const extrapolation = h / (2 * previous.h); // 1 / (2r), r = h of the last step / h
      latents.replace(
        math.combine(
          [ratio, latents.x],
          [(1 - ratio) * (1 + extrapolation), denoised],
          [-(1 - ratio) * extrapolation, previous.denoised],
        ),
      );
    }
    if (previous) math.release(previous.denoised);
    previous = { denoised, h };
  }
  if (previous) math.release(previous.denoised);
  return latents.x;
};
