// The Mersenne Twister (Matsumoto and Nishimura 1998) as 32-bit words. Knows nothing of distributions.

const STATE_WORDS = 624;
const SHIFT_WORDS = 397;
const MATRIX = 0x9908b0df;

/** Endless 32-bit words for a seed. Only the low 32 bits of the seed count, as in torch. */
export function mt19937(seed: number): () => number {
  const state = new Uint32Array(STATE_WORDS);
  state[0] = seed % 2 ** 32;
  for (let i = 1; i < STATE_WORDS; i++) {
    const previous = state[i - 1] ^ (state[i - 1] >>> 30);
    state[i] = Math.imul(1812433253, previous) + i;
  }
  let next = STATE_WORDS;

  const regenerate = (): void => {
    for (let i = 0; i < STATE_WORDS; i++) {
      const bits = (state[i] & 0x80000000) | (state[(i + 1) % STATE_WORDS] & 0x7fffffff);
      state[i] = state[(i + SHIFT_WORDS) % STATE_WORDS] ^ (bits >>> 1) ^ (bits & 1 ? MATRIX : 0);
    }
    next = 0;
  };

  return () => {
    if (next === STATE_WORDS) regenerate();
    let word = state[next++];
    word ^= word >>> 11;
    word ^= (word << 7) & 0x9d2c5680;
    word ^= (word << 15) & 0xefc60000;
    word ^= word >>> 18;
    return word >>> 0;
  };
}
