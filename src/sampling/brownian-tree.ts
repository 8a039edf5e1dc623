// Brownian motion over sigma that can be asked at any point and always answers the same: torchsde's BrownianTree, value for
// value, with the sign and scaling of k-diffusion's noise sampler. SDE samplers draw their step noise from it.

import type { NoiseGenerator } from "./noise-generator.ts";
import type { StepNoise } from "./sampler.ts";
import { seedSequence } from "./seed-sequence.ts";

// torchsde's defaults: the tree stops at a resolution of 1e-6 and seeds with pools of 24 words.
const DECIMALS = 6;
const POOL_SIZE = 24;

// A two-stage sampler asks for three points per step; the step after begins at one of them.
const REMEMBERED_POINTS = 3;

const round = (time: number): number => Number(time.toFixed(DECIMALS));

export interface BrownianOptions {
  readonly seed: number;
  /** Smallest non-zero and largest sigma that will be asked for. */
  readonly sigmaMin: number;
  readonly sigmaMax: number;
  /** Values per draw. */
  readonly count: number;
  /** torchCpuGenerator or philoxGenerator; every node of the tree starts one of its own. */
  readonly generator: (seed: number) => NoiseGenerator;
}

/** Step noise for one picture. Costs about 24 normal draws per new sigma, so it belongs in a worker. */
export function brownianStepNoise({
  seed,
  sigmaMin,
  sigmaMax,
  count,
  generator,
}: BrownianOptions): StepNoise {
  const [first, last] = [round(sigmaMin), round(sigmaMax)];
  const [topSeed] = seedSequence(seed, { spawnKey: [], poolSize: POOL_SIZE }, 1);
  const whole = generator(topSeed).normal(count);
  const spread = Math.sqrt(sigmaMax - sigmaMin);
  for (let i = 0; i < count; i++) whole[i] *= spread;

  /** W(t) - W(first): halves the interval, splitting its increment by a Brownian bridge, until an end meets t. */
  const walkTo = (time: number): Float32Array => {
    const sum = new Float32Array(count);
    const target = Math.min(Math.max(round(time), first), last);
    if (target === first) return sum;
    let [a, b] = [first, last];
    let increment = whole;
    let key = 0;
    for (let depth = 0; target !== b; depth++) {
      const middle = round((a + b) / 2);
      const [nodeSeed] = seedSequence(seed, { spawnKey: [key, depth], poolSize: POOL_SIZE }, 1);
      const normal = generator(nodeSeed).normal(count);
      const share = (middle - a) / (b - a);
      const deviation = Math.sqrt(((middle - a) * (b - middle)) / (b - a));
      const goLeft = target <= middle;
      const next = new Float32Array(count);
      for (let i = 0; i < count; i++) {
        const left = share * increment[i] + deviation * normal[i];
        if (goLeft) {
          next[i] = left;
        } else {
          sum[i] += left;
          next[i] = increment[i] - left;
        }
      }
      increment = next;
      if (goLeft) b = middle;
      else a = middle;
      key = goLeft ? 2 * key : 2 * key + 1;
    }
    for (let i = 0; i < count; i++) sum[i] += increment[i];
    return sum;
  };

  const remembered = new Map<number, Float32Array>();
  const valueAt = (sigma: number): Float32Array => {
    const known = remembered.get(sigma);
    if (known) return known;
    const value = walkTo(sigma);
    remembered.set(sigma, value);
    if (remembered.size > REMEMBERED_POINTS) {
      const [oldest] = remembered.keys();
      remembered.delete(oldest);
    }
    return value;
  };

  return (sigma, sigmaNext) => {
    const here = valueAt(sigma);
    const there = valueAt(sigmaNext);
    const scale = 1 / Math.sqrt(Math.abs(sigma - sigmaNext));
    return Float32Array.from(here, (value, i) => (there[i] - value) * scale);
  };
}
