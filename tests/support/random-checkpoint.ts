// Writes a full-size .safetensors of seeded random float16 weights to disk, a piece at a time. Test support.

import { closeSync, openSync, writeSync } from "node:fs";
import type { DType } from "../../src/weights/tensor-info.ts";
import { headerOnly, type HeaderDescription } from "./header-only.ts";

const PIECE_ELEMENTS = 2 ** 20;
/** Of the weights. Small enough that values neither vanish nor overflow on their way through a whole network. */
const MAX_EXPONENT_BITS = 0x2400; // 2^-6

/** Returns the file's length. Norms and biases are as random as the rest: what is computed means nothing. */
export function writeRandomCheckpoint(path: string, description: HeaderDescription, seed: number): number {
  const half: HeaderDescription = new Map(
    [...description].map(([key, [, shape]]) => [key, ["F16" satisfies DType, shape]]),
  );
  const { source, head } = headerOnly(half);
  const piece = randomHalves(seed);
  const file = openSync(path, "w");
  try {
    writeSync(file, head);
    let left = source.byteLength - head.length;
    while (left > 0) left -= writeSync(file, piece, 0, Math.min(left, piece.length));
  } finally {
    closeSync(file);
  }
  return source.byteLength;
}

/** Signed values between 2^-7 and 2^-5 in random order; every piece repeats them, which no measurement of memory notices. */
function randomHalves(seed: number): Uint8Array {
  let state = seed;
  const halves = Uint16Array.from({ length: PIECE_ELEMENTS }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    const bits = state >>> 16;
    return (bits & 0x8000) | (MAX_EXPONENT_BITS - 0x400 + (bits & 0x7ff));
  });
  return new Uint8Array(halves.buffer);
}
