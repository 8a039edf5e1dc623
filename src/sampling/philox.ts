// CUDA's normal noise: Philox4x32-10 (Salmon et al. 2011) with the Box-Muller that curand uses, as A1111's "NV" source.
// Equals real CUDA only while the draw is not larger than one grid of the device; larger ones never matched across cards.

import type { NoiseGenerator } from "./noise-generator.ts";

const ROUNDS = 10;
const MULTIPLIER_0 = 0xd2511f53;
const MULTIPLIER_1 = 0xcd9e8d57;
const WEYL_0 = 0x9e3779b9;
const WEYL_1 = 0xbb67ae85;

const TO_UNIT = Math.fround(2.3283064e-10);
const TO_ANGLE = Math.fround(2.3283064e-10 * 6.2831855);

/** High 32 bits of the 64-bit product of two unsigned words. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const low = aLow * bLow;
  const middle = aHigh * bLow + (low >>> 16);
  const carry = aLow * bHigh + (middle % 0x10000);
  return aHigh * bHigh + Math.floor(middle / 0x10000) + Math.floor(carry / 0x10000);
}

/** Philox noise; all 64 bits of the seed count (up to what a number holds exactly). Draw n is counter n. */
export function philoxGenerator(seed: number): NoiseGenerator {
  const seedLow = seed >>> 0;
  const seedHigh = Math.floor(seed / 2 ** 32) >>> 0;
  let draw = 0;

  const element = (index: number): number => {
    let [c0, c1, c2, c3] = [draw, 0, index, 0];
    let [k0, k1] = [seedLow, seedHigh];
    for (let round = 0; round < ROUNDS; round++) {
      const high0 = multiplyHigh(MULTIPLIER_0, c0);
      const high1 = multiplyHigh(MULTIPLIER_1, c2);
      const low0 = Math.imul(MULTIPLIER_0, c0);
      const low1 = Math.imul(MULTIPLIER_1, c2);
      c0 = (high1 ^ c1 ^ k0) >>> 0;
      c1 = low1 >>> 0;
      c2 = (high0 ^ c3 ^ k1) >>> 0;
      c3 = low0 >>> 0;
      k0 = (k0 + WEYL_0) >>> 0;
      k1 = (k1 + WEYL_1) >>> 0;
    }
    const u = c0 * TO_UNIT + TO_UNIT / 2;
    const v = c1 * TO_ANGLE + TO_ANGLE / 2;
    return Math.sqrt(-2 * Math.log(u)) * Math.sin(v);
  };

  return {
    normal(count) {
      const values = Float32Array.from({ length: count }, (_, index) => element(index));
      draw++;
      return values;
    },
  };
}
