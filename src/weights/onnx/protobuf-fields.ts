// Walks the fields of protobuf messages in a byte source, without reading what is skipped. Knows the wire format only; what the
// fields mean is onnx-file.ts.

import type { ByteSource } from "../byte-source.ts";
import { fileFormatError } from "../file-format.ts";

/** One field of a message; `start` and `end` are absolute offsets of its value. */
export interface ProtobufField {
  readonly number: number;
  /** Where the field begins, its tag included. */
  readonly tagStart: number;
  readonly start: number;
  readonly end: number;
  /** Of varints: as int64, which numbers above 2^53 do not survive; NaN for all other fields. */
  readonly value: number;
  readonly isMessage: boolean;
}

const VARINT = 0;
const FIXED64 = 1;
const LENGTH_DELIMITED = 2;
const FIXED32 = 5;
const MAX_VARINT_BYTES = 10;
/** Of a tag and a length. */
const MAX_HEAD_BYTES = 2 * MAX_VARINT_BYTES;
// Reads grow while they follow each other, as nodes do, and start small behind what was skipped, as between weights: the type, shape
// and name of one.
const FIRST_READ = 256;
const LARGEST_READ = 64 * 2 ** 10;
const SKIPPED_GAP = 4 * 2 ** 10;
/** Published graphs have some 100,000; each costs about a microsecond. */
const MAX_FIELDS = 2_000_000;

export class ProtobufReader {
  readonly #source: ByteSource;
  #window: Uint8Array = new Uint8Array(0);
  #windowStart = 0;
  #nextRead = FIRST_READ;
  #fields = 0;

  constructor(source: ByteSource) {
    this.#source = source;
  }

  /**
   * The fields of a message that lies at [start, end), in their order.
   * @throws AppError FileFormat where the bytes are no message, or end too early.
   */
  async *fields(start: number, end: number, where: string): AsyncGenerator<ProtobufField> {
    let at = start;
    while (at < end) {
      const headEnd = Math.min(at + MAX_HEAD_BYTES, this.#source.byteLength);
      if (!this.#has(at, headEnd)) await this.#have(at, headEnd);
      const field = this.#field(at, end, where);
      yield field;
      at = field.end;
    }
  }

  /** A field's bytes. @throws AppError FileFormat when there are more than `most`. */
  async bytes({ start, end }: ProtobufField, most: number, where: string): Promise<Uint8Array> {
    if (end - start > most) throw this.#fault(where, `at most ${most} bytes`, `${end - start} bytes`);
    if (!this.#has(start, end)) await this.#have(start, end);
    const from = start - this.#windowStart;
    return this.#window.subarray(from, from + end - start);
  }

  async text(field: ProtobufField, most: number, where: string): Promise<string> {
    return new TextDecoder().decode(await this.bytes(field, most, where));
  }

  /** Varints behind each other, as repeated numbers are packed. */
  async packed(field: ProtobufField, most: number, where: string): Promise<readonly number[]> {
    const bytes = await this.bytes(field, most * MAX_VARINT_BYTES, where);
    const values: number[] = [];
    for (let at = 0; at < bytes.length;) {
      const [value, next] = this.#varint(bytes, at, where);
      values.push(value);
      at = next;
    }
    return values;
  }

  /** Its head must be in the window. */
  #field(at: number, end: number, where: string): ProtobufField {
    if (++this.#fields > MAX_FIELDS) throw this.#fault(where, `at most ${MAX_FIELDS} fields`, "more");
    const base = this.#windowStart;
    const [tag, afterTag] = this.#varint(this.#window, at - base, where);
    const number = Math.floor(tag / 8);
    if (number < 1) throw this.#fault(where, "a field number of at least 1", String(number));
    const start = afterTag + base;
    const of = (from: number, to: number, value = NaN, isMessage = false): ProtobufField => {
      if (to <= end) return { number, tagStart: at, start: from, end: to, value, isMessage };
      throw this.#fault(where, `fields that end by byte ${end}`, `a field that ends at ${to}`);
    };
    switch (tag % 8) {
      case VARINT: {
        const [value, next] = this.#varint(this.#window, afterTag, where);
        return of(start, next + base, value);
      }
      case FIXED64:
        return of(start, start + 8);
      case FIXED32:
        return of(start, start + 4);
      case LENGTH_DELIMITED: {
        const [length, next] = this.#varint(this.#window, afterTag, where);
        if (length < 0) throw this.#fault(where, "a length of at least 0", String(length));
        return of(next + base, next + base + length, NaN, true);
      }
      default:
        throw this.#fault(where, "a protobuf field", `wire type ${tag % 8}`);
    }
  }

  /** The int64 at `at` of `bytes`, and where it ends. */
  #varint(bytes: Uint8Array, at: number, where: string): readonly [value: number, next: number] {
    let low = 0;
    for (let i = 0; i < 4; i++) {
      const byte = bytes[at + i];
      if (byte === undefined) throw this.#fault(where, "a whole number", "the end of the bytes");
      low |= (byte & 0x7f) << (7 * i);
      if (byte < 0x80) return [low, at + i + 1];
    }
    let value = BigInt(low);
    for (let i = 4; i < MAX_VARINT_BYTES; i++) {
      const byte = bytes[at + i];
      if (byte === undefined) throw this.#fault(where, "a whole number", "the end of the bytes");
      value |= BigInt(byte & 0x7f) << BigInt(7 * i);
      if (byte < 0x80) return [Number(BigInt.asIntN(64, value)), at + i + 1];
    }
    throw this.#fault(where, `a number of at most ${MAX_VARINT_BYTES} bytes`, "a longer one");
  }

  #has(start: number, end: number): boolean {
    return start >= this.#windowStart && end <= this.#windowStart + this.#window.length;
  }

  async #have(start: number, end: number): Promise<void> {
    const windowEnd = this.#windowStart + this.#window.length;
    const follows = start >= this.#windowStart && start <= windowEnd + SKIPPED_GAP;
    this.#nextRead = follows ? Math.min(2 * this.#nextRead, LARGEST_READ) : FIRST_READ;
    const to = Math.min(Math.max(end, start + this.#nextRead), this.#source.byteLength);
    this.#window = await this.#source.read(start, to);
    this.#windowStart = start;
  }

  #fault(where: string, expected: string, got: string): Error {
    return fileFormatError(this.#source.name, { where, expected, got });
  }
}
