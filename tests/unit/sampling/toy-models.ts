// Toy models and toy noise for sampler tests, the same as in tools/fixtures/samplers.py; change both together.

import { cpuLatentMath } from "../../../src/sampling/cpu-math.ts";
import type { Denoise, LatentMath, SamplerRun, StepNoise } from "../../../src/sampling/sampler.ts";

/** Standard deviation of the data that the linear model is the exact denoiser of. */
export const DATA_SPREAD = 0.5;

const elementwise =
  (estimate: (x: number, sigma: number) => number): Denoise<Float32Array> =>
  (x, sigma) =>
    Promise.resolve(x.map((value) => estimate(value, sigma)));

export const toyModels: Readonly<Record<string, Denoise<Float32Array>>> = {
  linear: elementwise((x, sigma) => (x * DATA_SPREAD ** 2) / (DATA_SPREAD ** 2 + sigma ** 2)),
  nonlinear: elementwise(
    (x, sigma) => 0.8 * Math.tanh((1.5 * x) / Math.sqrt(1 + sigma ** 2)) + (0.1 * Math.cos(x)) / (1 + sigma),
  ),
};

/** Deterministic "noise" that depends on both sigmas and on how often it was asked. */
export function toyNoise(count: number): StepNoise {
  let calls = 0;
  return (sigma, sigmaNext) => {
    calls++;
    return Float32Array.from({ length: count }, (_, k) =>
      Math.sin(2.1 * k + 3 * sigma + 7 * sigmaNext + calls),
    );
  };
}

export function toyRun(overrides: Partial<SamplerRun<Float32Array>> = {}): SamplerRun<Float32Array> {
  return { math: cpuLatentMath, noise: toyNoise(8), onStep: () => undefined, ...overrides };
}

/** Latents that know whether they were released; every use of released ones throws. */
export interface TrackedLatents {
  readonly values: Float32Array;
  released: boolean;
}

export function trackingMath(): { math: LatentMath<TrackedLatents>; live: () => number } {
  const all: TrackedLatents[] = [];
  const track = (values: Float32Array): TrackedLatents => {
    const latents = { values, released: false };
    all.push(latents);
    return latents;
  };
  const valuesOf = (latents: TrackedLatents): Float32Array => {
    if (latents.released) throw new Error("released latents were used");
    return latents.values;
  };
  return {
    live: () => all.filter(({ released }) => !released).length,
    math: {
      combine: (...terms) =>
        track(
          cpuLatentMath.combine(...terms.map(([weight, x]): [number, Float32Array] => [weight, valuesOf(x)])),
        ),
      upload: track,
      download: (x) => Promise.resolve(valuesOf(x)),
      release(x) {
        valuesOf(x);
        x.released = true;
      },
    },
  };
}
