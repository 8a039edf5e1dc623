// torch's CPU generator: the values of torch.randn(count, generator=...) for float32. Not a general random number library.
// Sources: pytorch ATen core MT19937RNGEngine.h, native/cpu/DistributionTemplates.h (normal_fill), core/DistributionsHelper.h.

import { mt19937 } from "./mt19937.ts";
import type { NoiseGenerator } from "./noise-generator.ts";

// torch fills in blocks of 16 (8 cosines, then 8 sines); smaller draws take a scalar path in double precision.
const BLOCK = 16;
const HALF_BLOCK = 8;

const fround = Math.fround;
const TWO_PI = fround(2 * Math.PI);

/** Box-Muller over one block of 16 uniforms, in place, in float32 as torch computes it. */
function transformBlock(values: Float32Array, start: number): void {
  for (let j = start; j < start + HALF_BLOCK; j++) {
    const u1 = fround(1 - values[j]);
    const u2 = values[j + HALF_BLOCK];
    const radius = fround(Math.sqrt(fround(-2 * fround(Math.log(u1)))));
    const theta = fround(TWO_PI * u2);
    values[j] = radius * fround(Math.cos(theta));
    values[j + HALF_BLOCK] = radius * fround(Math.sin(theta));
  }
}

/** A generator seeded as `torch.Generator("cpu").manual_seed(seed)`. */
export function torchCpuGenerator(seed: number): NoiseGenerator {
  const word = mt19937(seed);
  const uniform24 = (): number => (word() & 0xffffff) * 2 ** -24;
  const uniform53 = (): number => {
    const high = word() & 0x1fffff;
    return (high * 2 ** 32 + word()) * 2 ** -53;
  };

  // The scalar path makes two values at a time and keeps the second one, even for a later draw.
  let kept: number | undefined;
  const scalar = (): number => {
    if (kept !== undefined) {
      const value = kept;
      kept = undefined;
      return value;
    }
    const u1 = uniform53();
    const u2 = uniform53();
    const radius = Math.sqrt(-2 * Math.log1p(-u2));
    kept = radius * Math.sin(2 * Math.PI * u1);
    return radius * Math.cos(2 * Math.PI * u1);
  };

  return {
    normal(count) {
      const values = new Float32Array(count);
      if (count < BLOCK) {
        for (let i = 0; i < count; i++) values[i] = scalar();
        return values;
      }
      for (let i = 0; i < count; i++) values[i] = uniform24();
      for (let start = 0; start + BLOCK <= count; start += BLOCK) transformBlock(values, start);
      if (count % BLOCK !== 0) {
        // The tail rule: 16 fresh uniforms replace the last 16 outputs, some of which were already transformed.
        for (let i = count - BLOCK; i < count; i++) values[i] = uniform24();
        transformBlock(values, count - BLOCK);
      }
      return values;
    },
  };
}
