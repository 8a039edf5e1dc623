// A ByteSource over bytes already in memory: small files and tests. Never for a checkpoint that could be read in place.

import { checkRange } from "./byte-range.ts";
import type { ByteSource } from "./byte-source.ts";

/** Every read is a copy, so that what callers do to it never changes the source and views start aligned. */
export function memorySource(bytes: Uint8Array, name: string): ByteSource {
  const readSync = (start: number, end: number): Uint8Array<ArrayBuffer> => {
    checkRange(name, bytes.byteLength, start, end);
    return new Uint8Array(bytes.subarray(start, end));
  };
  return {
    name,
    byteLength: bytes.byteLength,
    // The async function turns a range error into a rejection.
    read: async (start, end) => Promise.resolve(readSync(start, end)),
    readSync,
  };
}
