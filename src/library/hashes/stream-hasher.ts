// All hashes by which the world names a model file, from one pass over its bytes in order. Reads nothing itself.

import { createBLAKE3, createCRC32, createSHA256, type IHasher } from "hash-wasm";
import type { ModelHashes } from "../../protocol/model-hashes.ts";

// A1111's old hash looks at this window only (modules/sd_models.py, model_hash).
const WINDOW_START = 0x100000;
const WINDOW_BYTES = 0x10000;

export class StreamHasher {
  readonly #whole: IHasher;
  readonly #window: IHasher;
  readonly #payload: IHasher | undefined;
  readonly #payloadStart: number;
  readonly #crc32: IHasher;
  readonly #blake3: IHasher;
  #position = 0;

  private constructor(
    [whole, window, payload, crc32, blake3]: readonly IHasher[],
    payloadStart: number | undefined,
  ) {
    this.#whole = whole.init();
    this.#window = window.init();
    this.#payload = payloadStart === undefined ? undefined : payload.init();
    this.#payloadStart = payloadStart ?? Infinity;
    this.#crc32 = crc32.init();
    this.#blake3 = blake3.init();
  }

  /** `payloadStart`: where a safetensors file's tensors begin; undefined for other formats, which have no AutoV3. */
  static async create(payloadStart: number | undefined): Promise<StreamHasher> {
    const hashers = [createSHA256(), createSHA256(), createSHA256(), createCRC32(), createBLAKE3()];
    return new StreamHasher(await Promise.all(hashers), payloadStart);
  }

  /** The next bytes of the file. They are not kept. */
  update(chunk: Uint8Array): void {
    const start = this.#position;
    this.#position += chunk.byteLength;
    this.#whole.update(chunk);
    this.#crc32.update(chunk);
    this.#blake3.update(chunk);
    const window = within(chunk, start, WINDOW_START, WINDOW_START + WINDOW_BYTES);
    if (window.byteLength > 0) this.#window.update(window);
    const payload = within(chunk, start, this.#payloadStart, Infinity);
    if (payload.byteLength > 0) this.#payload?.update(payload);
  }

  finish(embedded: Readonly<Record<string, string>>): ModelHashes {
    const sha256 = this.#whole.digest();
    const payload = this.#payload?.digest();
    return {
      sha256,
      autoV1: this.#window.digest().slice(0, 8),
      autoV2: sha256.slice(0, 10),
      // Also A1111's network hash, of which kohya's tools and Civitai use this much.
      ...(payload !== undefined && { autoV3: payload.slice(0, 12) }),
      crc32: this.#crc32.digest(),
      blake3: this.#blake3.digest(),
      embedded,
    };
  }
}

/** The part of a chunk at `at` that lies in [start, end) of the file. */
function within(chunk: Uint8Array, at: number, start: number, end: number): Uint8Array {
  const from = Math.min(chunk.byteLength, Math.max(0, start - at));
  const to = Math.max(from, Math.min(chunk.byteLength, end - at));
  return chunk.subarray(from, to);
}
