// DDIM (Song et al. 2020, eq. 12) in terms of sigma: x here is the paper's x_t · sqrt(1 + sigma²).

import type { Sampler } from "../sampler.ts";
import { ancestralStep } from "./ancestral-step.ts";
import { createLatentsOwner } from "./latents-owner.ts";

/**
 * With eta 0 every step is an Euler step. What is DDIM's own is the end: instead of at sigma 0 it stops at the noise level
 * of timestep 0 (`finalSigma`) and returns the network's unit-variance latents, as Stable Diffusion's DDIM does.
 */
export const sampleDdim: Sampler = async (
  denoise,
  start,
  sigmas,
  { math, noise, eta = 0, finalSigma = 0, onStep },
) => {
  const latents = createLatentsOwner(math, start);
  for (let i = 0; i < sigmas.length - 1; i++) {
    const sigma = sigmas[i];
    const last = i === sigmas.length - 2;
    const sigmaNext = last && sigma > finalSigma ? Math.max(sigmas[i + 1], finalSigma) : sigmas[i + 1];
    const denoised = await denoise(latents.x, sigma);
    await onStep({ step: i, sigma, denoised });
    // The paper's variance for eta, times 1 + sigmaNext², is the ancestral one.
    const { sigmaDown, sigmaUp } = ancestralStep(sigma, sigmaNext, eta);
    const ratio = sigmaDown / sigma;
    const scale = last ? 1 / Math.sqrt(1 + sigmaNext ** 2) : 1;
    if (sigmaUp > 0) {
      const fresh = math.upload(noise(sigma, sigmaNext));
      latents.replace(
        math.combine([scale * ratio, latents.x], [scale * (1 - ratio), denoised], [scale * sigmaUp, fresh]),
      );
      math.release(fresh);
    } else {
      latents.replace(math.combine([scale * ratio, latents.x], [scale * (1 - ratio), denoised]));
    }
    math.release(denoised);
  }
  return latents.x;
};
