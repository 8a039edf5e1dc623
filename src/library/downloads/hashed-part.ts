// A part file together with the SHA-256 of exactly its bytes. The two never part: whatever changes one changes the other.

import { createSHA256, type IHasher } from "hash-wasm";
import type { PartFile } from "./part-files.ts";

const READ_BYTES = 4 * 1024 * 1024;
// Losing this much to a crash is cheap to fetch again; flushing more often costs speed.
const FLUSH_BYTES = 64 * 1024 * 1024;

/** The bytes of one file as they arrive, with the digest that proves them. */
export interface ArrivingFile {
  readonly size: number;
  append(chunk: Uint8Array<ArrayBuffer>): void;
  /** The last `length` bytes. */
  tail(length: number): Uint8Array<ArrayBuffer>;
  /** Forgets all bytes. */
  restart(): void;
  /** Lower-case hex digest of all bytes. Nothing can be appended after it. */
  finish(): string;
}

/**
 * Opening reads what an earlier run left and hashes it again. A saved state of the hash would be quicker, but would vouch for
 * bytes that nobody has looked at since: a part that the browser or a crash damaged would pass.
 */
export class HashedPart implements ArrivingFile {
  readonly #file: PartFile;
  readonly #hash: IHasher;
  #flushed = 0;

  private constructor(file: PartFile, hash: IHasher) {
    this.#file = file;
    this.#hash = hash;
  }

  /** Owns `file` from here on. `onChecked` hears how many bytes have been read again. */
  static async open(
    file: PartFile,
    { signal, onChecked }: { readonly signal: AbortSignal; readonly onChecked: (bytes: number) => void },
  ): Promise<HashedPart> {
    try {
      const hash = (await createSHA256()).init();
      const buffer = new Uint8Array(Math.min(READ_BYTES, file.size()));
      for (let start = 0; start < file.size();) {
        const length = file.read(buffer, start);
        if (length === 0) file.truncate(start);
        hash.update(buffer.subarray(0, length));
        start += length;
        onChecked(start);
        // Reads are synchronous; messages such as "pause" come in between them.
        await new Promise((resolve) => setTimeout(resolve));
        signal.throwIfAborted();
      }
      return new HashedPart(file, hash);
    } catch (error) {
      file.close();
      throw error;
    }
  }

  get size(): number {
    return this.#file.size();
  }

  append(chunk: Uint8Array<ArrayBuffer>): void {
    this.#file.append(chunk);
    this.#hash.update(chunk);
    if (this.size - this.#flushed >= FLUSH_BYTES) {
      this.#file.flush();
      this.#flushed = this.size;
    }
  }

  tail(length: number): Uint8Array<ArrayBuffer> {
    const buffer = new Uint8Array(length);
    return buffer.subarray(0, this.#file.read(buffer, this.size - length));
  }

  restart(): void {
    this.#file.truncate(0);
    this.#hash.init();
    this.#flushed = 0;
  }

  finish(): string {
    this.#file.flush();
    return this.#hash.digest("hex");
  }

  close(): void {
    this.#file.flush();
    this.#file.close();
  }
}
