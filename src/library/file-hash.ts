// SHA-256 of files of any size, read in chunks. Constant memory; writes nothing.

import { createSHA256 } from "hash-wasm";
import type { ByteSource } from "../weights/byte-source.ts";

// Large enough that the cost per read vanishes, small enough to stay out of the way of everything else in memory.
const CHUNK_BYTES = 8 * 1024 * 1024;

/** What may be done with every chunk besides hashing it. The bytes must not be kept. */
export type ChunkConsumer = (chunk: Uint8Array<ArrayBuffer>, bytesDone: number) => void;

/** Lower-case hex digest of the whole source. */
export async function hashSource(source: ByteSource, consume?: ChunkConsumer): Promise<string> {
  const hash = await createSHA256();
  const readChunk = (start: number): Promise<Uint8Array<ArrayBuffer>> =>
    source.read(start, Math.min(start + CHUNK_BYTES, source.byteLength));
  let start = 0;
  // The next chunk is read while this one is worked on.
  let next = readChunk(start);
  while (start < source.byteLength) {
    const chunk = await next;
    start += chunk.byteLength;
    if (start < source.byteLength) {
      next = readChunk(start);
      // Handled at its await; until then a failing consumer must not leave it unhandled.
      next.catch(() => undefined);
    }
    hash.update(chunk);
    consume?.(chunk, start);
  }
  return hash.digest("hex");
}
