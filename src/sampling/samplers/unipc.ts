// UniPC, Zhao et al. 2023: a multistep predictor whose result the next model call corrects. B(h) = h ("bh1"), order up to 3,
// lower at both ends, as A1111 sets it. One call per step.

import { solveLinearSystem } from "../linear-system.ts";
import type { Sampler } from "../sampler.ts";
import { createLatentsOwner } from "./latents-owner.ts";

const MAX_ORDER = 3;

/** One step from sigma to sigmaNext as seen from estimates at earlier sigmas (newest, that of sigma itself, first). */
interface StepWeights {
  readonly ratio: number;
  /** Multiplies every difference of estimates. */
  readonly b: number;
  /** (lambda of an earlier estimate - lambda of sigma) / h, for each earlier estimate in use. */
  readonly distances: readonly number[];
  readonly predictor: readonly number[];
  /** The last one weighs the estimate at sigmaNext. */
  readonly corrector: readonly number[];
}

function stepWeights(sigma: number, sigmaNext: number, earlier: readonly number[]): StepWeights {
  const ratio = sigmaNext / sigma;
  const hh = Math.log(ratio); // -h, as the paper's data prediction has it
  const b = hh;
  const order = earlier.length + 1;
  const distances = earlier.map((other) => Math.log(sigma / other) / -hh);
  const nodes = [...distances, 1];
  const powers: number[][] = [];
  const right: number[] = [];
  let phi = Math.expm1(hh) / hh - 1;
  let factorial = 1;
  for (let i = 1; i <= order; i++) {
    powers.push(nodes.map((node) => node ** (i - 1)));
    right.push((phi * factorial) / b);
    factorial *= i + 1;
    phi = phi / hh - 1 / factorial;
  }
  const withoutNew = powers.slice(0, -1).map((row) => row.slice(0, -1));
  return {
    ratio,
    b,
    distances,
    // Order 2 (and the corrector of order 1) take the limit 1/2 instead of solving one equation.
    predictor: order === 2 ? [0.5] : solveLinearSystem(withoutNew, right.slice(0, -1)),
    corrector: order === 1 ? [0.5] : solveLinearSystem(powers, right),
  };
}

export const sampleUniPc: Sampler = async (denoise, start, sigmas, { math, onStep }) => {
  type Latents = typeof start;
  type Terms = [number, Latents][];
  const latents = createLatentsOwner(math, start);
  const steps = sigmas.length - 1;
  const estimates: Latents[] = []; // newest first
  let last: StepWeights | undefined;
  let predicted: Latents | undefined; // where the model is called; latents.x stays behind until the correction

  /** ratio · x + (1 - ratio) · m0 - b · Σ weight · (m_k - m0) / distance, m0 = history[0]. */
  const stepTerms = (
    { ratio, b, distances }: StepWeights,
    weights: readonly number[],
    history: readonly Latents[],
  ) => {
    const terms: Terms = [
      [ratio, latents.x],
      [1 - ratio, history[0]],
    ];
    for (const [k, distance] of distances.entries()) {
      const weight = (b * weights[k]) / distance;
      terms[1][0] += weight;
      terms.push([-weight, history[k + 1]]);
    }
    return terms;
  };

  for (let i = 0; i < steps; i++) {
    const [sigma, sigmaNext] = [sigmas[i], sigmas[i + 1]];
    const denoised = await denoise(predicted ?? latents.x, sigma);
    await onStep({ step: i, sigma, denoised });
    if (last && predicted) {
      const terms = stepTerms(last, last.corrector, estimates);
      const weight = last.b * last.corrector[last.corrector.length - 1];
      terms[1][0] += weight;
      terms.push([-weight, denoised]);
      math.release(predicted);
      latents.replace(math.combine(...terms));
    }
    estimates.unshift(denoised);
    if (estimates.length > MAX_ORDER) math.release(estimates.pop()!);
    if (sigmaNext === 0) {
      latents.replace(math.combine([1, denoised]));
      break;
    }
    const order = Math.min(MAX_ORDER, steps - i, estimates.length);
    const earlier = Array.from({ length: order - 1 }, (_, k) => sigmas[i - 1 - k]);
    last = stepWeights(sigma, sigmaNext, earlier);
    predicted = math.combine(...stepTerms(last, last.predictor, estimates));
    if (i === steps - 1) latents.replace(predicted); // no call follows that could correct it
  }
  for (const estimate of estimates) math.release(estimate);
  return latents.x;
};
