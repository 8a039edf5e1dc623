// Latent arithmetic on Float32Arrays: the reference for every other LatentMath, and what runs where there is no GPU.

import type { LatentMath } from "./sampler.ts";

export const cpuLatentMath: LatentMath<Float32Array> = {
  combine(...terms) {
    const length = terms[0][1].length;
    for (const [, x] of terms) {
      if (x.length !== length) {
        throw new RangeError(`combine(): latents of one size expected (${length}), got ${x.length} values`);
      }
    }
    const out = new Float32Array(length);
    for (let i = 0; i < length; i++) {
      // Summed in double precision and rounded once, so that the order of the terms does not matter.
      let sum = 0;
      for (const [weight, x] of terms) sum += weight * x[i];
      out[i] = sum;
    }
    return out;
  },
  upload: (values) => values,
  download: (x) => Promise.resolve(x.slice()),
  release: () => undefined,
};
