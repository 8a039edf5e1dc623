// Keeps the latents a sampler is working on and gives back those it replaced. Never releases the caller's own.

import type { LatentMath } from "../sampler.ts";

export interface LatentsOwner<X> {
  /** The current latents. */
  readonly x: X;
  /** Takes new latents as current and releases the old ones, unless they are the ones the run started from. */
  replace(next: X): void;
}

export function createLatentsOwner<X>(math: LatentMath<X>, start: X): LatentsOwner<X> {
  let x = start;
  return {
    get x() {
      return x;
    },
    replace(next) {
      if (x !== start) math.release(x);
      x = next;
    },
  };
}
