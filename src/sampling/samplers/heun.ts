// Heun steps: algorithm 2 of Karras et al. 2022 without churn. Second order, two calls per step, one for the last.

import type { Sampler } from "../sampler.ts";
import { createLatentsOwner } from "./latents-owner.ts";

export const sampleHeun: Sampler = async (denoise, start, sigmas, { math, onStep }) => {
  const latents = createLatentsOwner(math, start);
  for (let i = 0; i < sigmas.length - 1; i++) {
    const [sigma, sigmaNext] = [sigmas[i], sigmas[i + 1]];
    const denoised = await denoise(latents.x, sigma);
    await onStep({ step: i, sigma, denoised });
    const ratio = sigmaNext / sigma;
    const predicted = math.combine([ratio, latents.x], [1 - ratio, denoised]);
    if (sigmaNext === 0) {
      latents.replace(predicted);
    } else {
      // x + dt · (d + d2) / 2, where d2 is the derivative at the Euler prediction.
      const denoised2 = await denoise(predicted, sigmaNext);
      const half = (sigmaNext - sigma) / 2;
      latents.replace(
        math.combine(
          [1 + half / sigma, latents.x],
          [-half / sigma, denoised],
          [half / sigmaNext, predicted],
          [-half / sigmaNext, denoised2],
        ),
      );
      math.release(predicted);
      math.release(denoised2);
    }
    math.release(denoised);
  }
  return latents.x;
};
