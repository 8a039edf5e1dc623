// All noise of one batch: a generator per picture for the first latents and ancestral steps, a Brownian tree per picture for
// SDE steps (A1111's convention, so that a picture does not depend on its neighbours in the batch).

import { brownianStepNoise } from "./brownian-tree.ts";
import type { NoiseGenerator } from "./noise-generator.ts";
import { philoxGenerator } from "./philox.ts";
import type { StepNoise } from "./sampler.ts";
import type { StepNoiseKind } from "./samplers.ts";
import { torchCpuGenerator } from "./torch-cpu.ts";

/** Where noise comes from: "cpu" is torch's CPU generator, "nv" imitates CUDA's Philox. */
export const noiseGenerators = { cpu: torchCpuGenerator, nv: philoxGenerator } satisfies Record<
  string,
  (seed: number) => NoiseGenerator
>;

export interface LatentNoise {
  /** Unit noise [batch, ...] to start from. Must be drawn once, before any ancestral step noise. */
  initial(): Float32Array;
  /** Noise for the steps over `sigmas`, of the kind that the sampler's row names. */
  steps(kind: StepNoiseKind, sigmas: Float32Array): StepNoise;
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((total, part) => total + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    all.set(part, offset);
    offset += part.length;
  }
  return all;
}

/** Noise for one seed per picture, `count` values each (channels · height · width of the latents). */
export function createLatentNoise(
  source: keyof typeof noiseGenerators,
  seeds: readonly number[],
  count: number,
): LatentNoise {
  const generator = noiseGenerators[source];
  const generators = seeds.map((seed) => generator(seed));
  const draw = (): Float32Array => joined(generators.map((each) => each.normal(count)));

  const kinds: Record<StepNoiseKind, (sigmas: Float32Array) => StepNoise> = {
    none: () => () => {
      throw new Error("this sampler's row says that it draws no step noise, but it asked for some");
    },
    ancestral: () => draw,
    brownian(sigmas) {
      const positive = sigmas.filter((sigma) => sigma > 0);
      const sigmaMin = Math.min(...positive);
      const sigmaMax = Math.max(...positive);
      if (!(sigmaMin < sigmaMax)) return draw; // a single step has no interval to span, and needs no step noise
      const trees = seeds.map((seed) => brownianStepNoise({ seed, sigmaMin, sigmaMax, count, generator }));
      return (sigma, sigmaNext) => joined(trees.map((tree) => tree(sigma, sigmaNext)));
    },
  };
  return { initial: draw, steps: (kind, sigmas) => kinds[kind](sigmas) };
}
