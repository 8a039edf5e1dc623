// DPM-Solver++(3M) with noise: third order in its drift, from three remembered estimates. One call per step.

import type { Sampler } from "../sampler.ts";
import { createLatentsOwner } from "./latents-owner.ts";

export const sampleDpmpp3mSde: Sampler = async (denoise, start, sigmas, { math, noise, eta = 1, onStep }) => {
  const latents = createLatentsOwner(math, start);
  const history: { denoised: typeof start; h: number }[] = []; // newest first, at most two
  for (let i = 0; i < sigmas.length - 1; i++) {
    const [sigma, sigmaNext] = [sigmas[i], sigmas[i + 1]];
    const denoised = await denoise(latents.x, sigma);
    await onStep({ step: i, sigma, denoised });
    const h = Math.log(sigma / sigmaNext);
    if (sigmaNext === 0) {
      latents.replace(math.combine([1, denoised]));
    } else {
      const decay = (1 + eta) * h;
      const phi1 = -Math.expm1(-decay);
      const phi2 = Math.expm1(-decay) / decay + 1;
      const terms: [number, typeof start][] = [[Math.exp(-decay), latents.x]];
      const [last, beforeLast] = history;
      if (beforeLast) {
        // d1 = a + (a - b) · r0 / (r0 + r1), d2 = (a - b) / (r0 + r1) with the divided differences a and b.
        const phi3 = phi2 / decay - 0.5;
        const r0 = last.h / h;
        const r1 = beforeLast.h / h;
        const ofA = phi2 * (1 + r0 / (r0 + r1)) - phi3 / (r0 + r1);
        const ofB = -(phi2 * r0) / (r0 + r1) + phi3 / (r0 + r1);
        terms.push(
          [phi1 + ofA / r0, denoised],
          [-ofA / r0 + ofB / r1, last.denoised],
          [-ofB / r1, beforeLast.denoised],
        );
      } else if (last) {
        const change = (phi2 * h) / last.h;
        terms.push([phi1 + change, denoised], [-change, last.denoised]);
      } else {
        terms.push([phi1, denoised]);
      }
      const fresh = eta > 0 ? math.upload(noise(sigma, sigmaNext)) : undefined;
      if (fresh) terms.push([sigmaNext * Math.sqrt(-Math.expm1(-2 * eta * h)), fresh]);
      latents.replace(math.combine(...terms));
      if (fresh) math.release(fresh);
    }
    history.unshift({ denoised, h });
    if (history.length > 2) math.release(history.pop()!.denoised);
  }
  for (const { denoised } of history) math.release(denoised);
  return latents.x;
};
