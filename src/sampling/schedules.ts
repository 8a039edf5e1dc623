// Schedules: how many steps to which sigmas, as A1111 defines each name (other programs use some of the names differently).
// Knows no sampler; which schedule "Automatic" means is a sampler's property (samplers.ts).

import { betaQuantile } from "./beta-distribution.ts";
import type { NoiseSchedule } from "./noise-schedule.ts";

export interface ScheduleRow {
  readonly name: string;
  /** n descending sigmas and a final 0, for n of at least 1. */
  sigmas(n: number, noise: NoiseSchedule): Float32Array;
}

/** Stands in a request for the schedule that the sampler's row prefers. */
export const AUTOMATIC_SCHEDULE = "Automatic";

const KARRAS_RHO = 7;
const POLYEXPONENTIAL_RHO = 1;
const BETA_SHAPE = 0.6;

// Arithmetic is float32 as in torch: the Brownian tree's noise depends on the last bits of the sigmas.
const fround = Math.fround;

/** torch.linspace: n values from `from` to `to`, counted from the nearer end; only `from` when n is 1. */
function linspace(from: number, to: number, n: number): number[] {
  if (n === 1) return [from];
  const step = fround(fround(to - from) / (n - 1));
  return Array.from({ length: n }, (_, i) =>
    fround(i < n / 2 ? from + fround(step * i) : to - fround(step * (n - 1 - i))),
  );
}

const withZero = (sigmas: readonly number[]): Float32Array => Float32Array.from([...sigmas, 0]);

const timestepRange = (noise: NoiseSchedule): readonly [from: number, to: number] => [
  noise.sigmaToTimestep(noise.sigmaMax),
  noise.sigmaToTimestep(noise.sigmaMin),
];

const uniform: ScheduleRow = {
  name: "Uniform",
  sigmas: (n, noise) => withZero(linspace(...timestepRange(noise), n).map((t) => noise.timestepToSigma(t))),
};

/** Karras et al. 2022, eq. 5. */
const karras: ScheduleRow = {
  name: "Karras",
  sigmas(n, { sigmaMin, sigmaMax }) {
    const [high, low] = [sigmaMax ** (1 / KARRAS_RHO), sigmaMin ** (1 / KARRAS_RHO)];
    const slope = fround(low - high);
    return withZero(
      linspace(0, 1, n).map((ramp) => fround(fround(high) + fround(ramp * slope)) ** KARRAS_RHO),
    );
  },
};

const exponential: ScheduleRow = {
  name: "Exponential",
  sigmas: (n, { sigmaMin, sigmaMax }) =>
    withZero(linspace(Math.log(sigmaMax), Math.log(sigmaMin), n).map(Math.exp)),
};

const polyexponential: ScheduleRow = {
  name: "Polyexponential",
  sigmas(n, { sigmaMin, sigmaMax }) {
    const [low, high] = [Math.log(sigmaMin), Math.log(sigmaMax)];
    return withZero(
      linspace(1, 0, n).map((ramp) => Math.exp(ramp ** POLYEXPONENTIAL_RHO * (high - low) + low)),
    );
  },
};

/** Even timesteps that leave out the last one before 0, as Stability's own code does. */
const sgmUniform: ScheduleRow = {
  name: "SGM Uniform",
  sigmas(n, noise) {
    const timesteps = linspace(...timestepRange(noise), n + 1).slice(0, -1);
    return withZero(timesteps.map((t) => noise.timestepToSigma(t)));
  },
};

/** Whole timesteps, counted down from the top. */
const simple: ScheduleRow = {
  name: "Simple",
  sigmas(n, { sigmas }) {
    const stride = sigmas.length / n;
    return withZero(Array.from({ length: n }, (_, i) => sigmas[sigmas.length - 1 - Math.floor(i * stride)]));
  },
};

/** Even timesteps between those of the smallest and the largest sigma. */
const normal: ScheduleRow = {
  name: "Normal",
  sigmas(n, noise) {
    const timesteps = linspace(...timestepRange(noise), n);
    return withZero(timesteps.map((t) => noise.timestepToSigma(t)));
  },
};

/**
 * Timesteps 1, 1 + stride, ... upwards: DDIM's "leading" spacing with an offset of 1. Where n does not divide the number of
 * timesteps, A1111 keeps the extra steps at the top; like diffusers this keeps n.
 */
const ddim: ScheduleRow = {
  name: "DDIM",
  sigmas(n, { sigmas }) {
    const last = sigmas.length - 1;
    const stride = Math.max(Math.floor(sigmas.length / n), 1);
    const offset = Math.min(1, last - (n - 1) * stride); // 0 when every timestep is a step
    return withZero(Array.from({ length: n }, (_, i) => sigmas[offset + (n - 1 - i) * stride]));
  },
};

/** A1111's beta: quantiles of beta(0.6, 0.6) laid out in sigma (ComfyUI lays them out in timesteps). */
const beta: ScheduleRow = {
  name: "Beta",
  sigmas: (n, { sigmaMin, sigmaMax }) =>
    withZero(
      linspace(1, 0, n).map(
        (p) => sigmaMin + betaQuantile(p, BETA_SHAPE, BETA_SHAPE) * (sigmaMax - sigmaMin),
      ),
    ),
};

/** In the order menus show them. */
export const schedules: readonly ScheduleRow[] = [
  uniform,
  karras,
  exponential,
  polyexponential,
  sgmUniform,
  simple,
  normal,
  ddim,
  beta,
];

/** What a request may name, with "Automatic" first. */
export const scheduleNames: readonly string[] = [AUTOMATIC_SCHEDULE, ...schedules.map(({ name }) => name)];

/** The row of a published name; undefined for an unknown one and for "Automatic". */
export function scheduleNamed(name: string): ScheduleRow | undefined {
  return schedules.find((row) => row.name === name);
}
