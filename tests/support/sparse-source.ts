// A ByteSource of gigabytes that are holes but for a few pieces: full-size files without their weights. Test support.

import type { ByteSource } from "../../src/weights/byte-source.ts";

/** Bytes, or how many zeros nobody keeps. */
export type SparsePiece = Uint8Array | number;

interface KeptPiece {
  readonly start: number;
  readonly bytes: Uint8Array;
}

/** Index of the first piece that ends behind `position`. */
function firstBehind(kept: readonly KeptPiece[], position: number): number {
  let [low, high] = [0, kept.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (kept[middle].start + kept[middle].bytes.length <= position) low = middle + 1;
    else high = middle;
  }
  return low;
}

export function sparseSource(name: string, pieces: readonly SparsePiece[]): ByteSource {
  const kept: KeptPiece[] = [];
  let byteLength = 0;
  for (const piece of pieces) {
    if (typeof piece !== "number" && piece.length > 0) kept.push({ start: byteLength, bytes: piece });
    byteLength += typeof piece === "number" ? piece : piece.length;
  }
  const readSync = (start: number, end: number): Uint8Array<ArrayBuffer> => {
    if (!(start >= 0 && start <= end && end <= byteLength))
      throw new RangeError(`${name}: ${start} to ${end}`);
    const result = new Uint8Array(end - start);
    for (let i = firstBehind(kept, start); i < kept.length && kept[i].start < end; i++) {
      const { start: at, bytes } = kept[i];
      const [from, to] = [Math.max(start, at), Math.min(end, at + bytes.length)];
      result.set(bytes.subarray(from - at, to - at), from - start);
    }
    return result;
  };
  return { name, byteLength, readSync, read: (start, end) => Promise.resolve(readSync(start, end)) };
}
