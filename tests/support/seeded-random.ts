// Seeded whole numbers for tests that pick mutations. Test support; the app's noise comes from src/sampling.

/** mulberry32: returns a function that gives whole numbers from 0 up to, not including, its argument. */
export function seededRandom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}
