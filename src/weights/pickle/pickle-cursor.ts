// Reads a pickle's arguments in order: numbers, text, bytes, frames. Knows no opcodes and makes no objects.

import { PickleFault, PickleTruncated } from "./pickle-fault.ts";

// A global's module and name are well below this; keeps the search for a line's end short.
const MAX_LINE_BYTES = 512;

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export class PickleCursor {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  /** Where the current frame ends, or -1 outside one. */
  #frameEnd = -1;
  position: number;

  constructor(bytes: Uint8Array, position: number) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.position = position;
  }

  /** Steps over `count` bytes and returns where they begin. */
  #advance(count: number): number {
    const start = this.position;
    const end = start + count;
    if (start < this.#frameEnd && end > this.#frameEnd) {
      throw new PickleFault(`within its frame, which ends at byte ${this.#frameEnd}`, `an end at ${end}`);
    }
    if (end > this.#bytes.byteLength) throw new PickleTruncated(end);
    this.position = end;
    return start;
  }

  /** The writer promises that no operation crosses the end of the frame; frames do not nest. */
  enterFrame(): void {
    const length = this.uint64();
    if (this.position < this.#frameEnd) throw new PickleFault("no frame within a frame", "one");
    const end = this.position + length;
    if (end > this.#bytes.byteLength) throw new PickleTruncated(end);
    this.#frameEnd = end;
  }

  uint8(): number {
    return this.#view.getUint8(this.#advance(1));
  }

  uint16(): number {
    return this.#view.getUint16(this.#advance(2), true);
  }

  uint32(): number {
    return this.#view.getUint32(this.#advance(4), true);
  }

  int32(): number {
    return this.#view.getInt32(this.#advance(4), true);
  }

  uint64(): number {
    const value = this.#view.getBigUint64(this.#advance(8), true);
    if (value > BigInt(Number.MAX_SAFE_INTEGER))
      throw new PickleFault("a length within the file", `${value}`);
    return Number(value);
  }

  /** The one number that pickles store big-endian. */
  float64(): number {
    return this.#view.getFloat64(this.#advance(8), false);
  }

  /** Little-endian two's complement of any length. */
  integer(length: number): number | bigint {
    let value = 0n;
    const bytes = this.bytes(length);
    for (let i = length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]);
    value = BigInt.asIntN(length * 8, value);
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value;
  }

  /** A view, not a copy. */
  bytes(length: number): Uint8Array {
    const start = this.#advance(length);
    return this.#bytes.subarray(start, start + length);
  }

  text(length: number): string {
    const bytes = this.bytes(length);
    try {
      return utf8.decode(bytes);
    } catch {
      throw new PickleFault("UTF-8 text", "other bytes");
    }
  }

  line(): string {
    const limit = this.position + MAX_LINE_BYTES;
    const end = this.#bytes.subarray(this.position, limit).indexOf(10);
    if (end >= 0) return this.text(end + 1).slice(0, -1);
    if (limit > this.#bytes.byteLength) throw new PickleTruncated(this.#bytes.byteLength + 1);
    throw new PickleFault(`a line of at most ${MAX_LINE_BYTES} bytes`, "a longer one");
  }
}
