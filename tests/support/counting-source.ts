// Wraps a ByteSource and counts what is read through it, to prove that detection reads a header only. Test support.

import type { ByteSource } from "../../src/weights/byte-source.ts";

export interface CountingByteSource extends ByteSource {
  readonly bytesRead: number;
  /** Every range asked for, as [start, end). */
  readonly ranges: readonly (readonly [number, number])[];
}

export function countingSource(source: ByteSource): CountingByteSource {
  const ranges: (readonly [number, number])[] = [];
  return {
    name: source.name,
    byteLength: source.byteLength,
    ranges,
    get bytesRead() {
      return ranges.reduce((sum, [start, end]) => sum + end - start, 0);
    },
    read(start, end) {
      ranges.push([start, end]);
      return source.read(start, end);
    },
    readSync(start, end) {
      ranges.push([start, end]);
      return source.readSync(start, end);
    },
  };
}
