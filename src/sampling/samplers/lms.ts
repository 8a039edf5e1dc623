// Linear multistep (Adams-Bashforth in sigma), order up to 4, as k-diffusion's LMS. One call per step.

import type { Sampler } from "../sampler.ts";
import { createLatentsOwner } from "./latents-owner.ts";

const MAX_ORDER = 4;

// Two Gauss-Legendre points integrate the interpolating cubics exactly.
const GAUSS_POINT = 1 / Math.sqrt(3);

/** Weight of the derivative at sigmas[i - j]: the integral over the step of its Lagrange polynomial. */
function multistepWeight(order: number, sigmas: Float32Array, i: number, j: number): number {
  const polynomial = (tau: number): number => {
    let product = 1;
    for (let k = 0; k < order; k++) {
      if (k !== j) product *= (tau - sigmas[i - k]) / (sigmas[i - j] - sigmas[i - k]);
    }
    return product;
  };
  const middle = (sigmas[i] + sigmas[i + 1]) / 2;
  const half = (sigmas[i + 1] - sigmas[i]) / 2;
  return half * (polynomial(middle - half * GAUSS_POINT) + polynomial(middle + half * GAUSS_POINT));
}

export const sampleLms: Sampler = async (denoise, start, sigmas, { math, onStep }) => {
  const latents = createLatentsOwner(math, start);
  const derivatives: (typeof start)[] = []; // newest first
  for (let i = 0; i < sigmas.length - 1; i++) {
    const sigma = sigmas[i];
    const denoised = await denoise(latents.x, sigma);
    await onStep({ step: i, sigma, denoised });
    derivatives.unshift(math.combine([1 / sigma, latents.x], [-1 / sigma, denoised]));
    math.release(denoised);
    if (derivatives.length > MAX_ORDER) math.release(derivatives.pop()!);
    const order = derivatives.length;
    latents.replace(
      math.combine(
        [1, latents.x],
        ...derivatives.map((d, j): [number, typeof d] => [multistepWeight(order, sigmas, i, j), d]),
      ),
    );
  }
  for (const d of derivatives) math.release(d);
  return latents.x;
};
