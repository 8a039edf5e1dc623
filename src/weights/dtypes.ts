// Storage dtypes: their sizes, and exact conversion of tensors to what the runtime takes. Reads no files.
// Typed arrays are little-endian on every platform that runs a browser, and so is safetensors.

import { float32BitsOfHalf, halfOfDouble, halfOfFloat32Bits } from "../shared/float16.ts";
import type { DType } from "./tensor-info.ts";

/** What the runtime's graphs store. The names are those of onnx/onnx-model.ts, which this folder does not import. */
export type StoredDType = "float32" | "float16" | "int64" | "int32" | "bool";

type Bytes = Uint8Array<ArrayBuffer>;
type Floats = Float32Array<ArrayBuffer>;

/** Bytes of one element. */
export const byteSizes: Readonly<Record<DType, number>> = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  F8_E4M3: 1,
  F8_E5M2: 1,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U8: 1,
  BOOL: 1,
};

export function isDType(name: string): name is DType {
  return Object.hasOwn(byteSizes, name);
}

export function isFloating(dtype: DType): boolean {
  return dtype.startsWith("F") || dtype === "BF16";
}

/** The storage dtype whose bytes are those of a runtime dtype. */
const sameBytes: Readonly<Record<StoredDType, DType>> = {
  float32: "F32",
  float16: "F16",
  int64: "I64",
  int32: "I32",
  bool: "BOOL",
};

/** True where `convertTensor` would change nothing, so that the file's bytes can be used where they lie. */
export function sameStorage(from: DType, to: StoredDType): boolean {
  return sameBytes[to] === from;
}

/** Exponent bias 7, no infinities; all ones below the sign is NaN (the "FN" flavour, the one checkpoints use). */
function float32BitsOfE4M3(byte: number): number {
  const sign = (byte & 0x80) << 24;
  const exponent = (byte >> 3) & 15;
  const mantissa = byte & 7;
  if (exponent === 15 && mantissa === 7) return (sign | 0x7fc00000) >>> 0;
  if (exponent > 0) return (sign | ((exponent + 120) << 23) | (mantissa << 20)) >>> 0;
  const magnitude = new Uint32Array(Float32Array.of(mantissa * 2 ** -9).buffer)[0];
  return (magnitude | sign) >>> 0;
}

const e4m3Bits = Uint32Array.from({ length: 256 }, (_, byte) => float32BitsOfE4M3(byte));
// E5M2 is the upper byte of a half.
const e5m2Bits = Uint32Array.from({ length: 256 }, (_, byte) => float32BitsOfHalf[byte << 8]);

type ViewConstructor<View> = new (buffer: ArrayBuffer, byteOffset: number, length: number) => View;

/** A typed view of the bytes; copies them only where they start misaligned. */
function view<View>(bytes: Bytes, size: number, constructor: ViewConstructor<View>): View {
  const aligned = bytes.byteOffset % size === 0 ? bytes : bytes.slice();
  return new constructor(aligned.buffer, aligned.byteOffset, aligned.byteLength / size);
}

function mapBits(from: Uint8Array | Uint16Array, table: Uint32Array): Floats {
  const to = new Uint32Array(from.length);
  for (let i = 0; i < from.length; i++) to[i] = table[from[i]];
  return new Float32Array(to.buffer);
}

function widenBfloat16(from: Uint16Array): Floats {
  const to = new Uint32Array(from.length);
  for (let i = 0; i < from.length; i++) to[i] = from[i] << 16;
  return new Float32Array(to.buffer);
}

/** Nearest float32 of a 64-bit integer. A double would round first, so its spare bits are folded into a sticky one. */
function float32OfInt64(value: bigint): number {
  const magnitude = value < 0n ? -value : value;
  if (magnitude <= BigInt(Number.MAX_SAFE_INTEGER)) return Number(value);
  const kept = magnitude & ~0x7ffn;
  const sticky = kept | (kept === magnitude ? 0n : 0x800n);
  return Number(value < 0n ? -sticky : sticky);
}

const widening: Readonly<Record<DType, (bytes: Bytes) => Floats>> = {
  F64: (bytes) => new Float32Array(view(bytes, 8, Float64Array)),
  F32: (bytes) => view(bytes, 4, Float32Array),
  F16: (bytes) => mapBits(view(bytes, 2, Uint16Array), float32BitsOfHalf),
  BF16: (bytes) => widenBfloat16(view(bytes, 2, Uint16Array)),
  F8_E4M3: (bytes) => mapBits(bytes, e4m3Bits),
  F8_E5M2: (bytes) => mapBits(bytes, e5m2Bits),
  I64: (bytes) => Float32Array.from(view(bytes, 8, BigInt64Array), float32OfInt64),
  I32: (bytes) => new Float32Array(view(bytes, 4, Int32Array)),
  I16: (bytes) => new Float32Array(view(bytes, 2, Int16Array)),
  I8: (bytes) => new Float32Array(view(bytes, 1, Int8Array)),
  U8: (bytes) => new Float32Array(bytes),
  BOOL: (bytes) => Float32Array.from(bytes, (byte) => (byte === 0 ? 0 : 1)),
};

/** Every element as float32, rounded to nearest even where float32 is narrower. F32 bytes are viewed, not copied. */
export function widenToFloat32(bytes: Bytes, dtype: DType): Floats {
  checkWhole(bytes, dtype);
  return widening[dtype](bytes);
}

/** float32 holds every value of these dtypes that matters to a half, so narrowing through it rounds once. */
function narrowToFloat16(bytes: Bytes, dtype: DType): Bytes {
  if (dtype === "F64") {
    return bytesOf(Uint16Array.from(view(bytes, 8, Float64Array), halfOfDouble));
  }
  const wide = widening[dtype](bytes);
  const from = new Uint32Array(wide.buffer, wide.byteOffset, wide.length);
  const to = new Uint16Array(from.length);
  for (let i = 0; i < from.length; i++) to[i] = halfOfFloat32Bits(from[i]);
  return bytesOf(to);
}

/** The tensor's bytes as the runtime stores them. Integers are not converted into one another: no graph asks for it. */
export function convertTensor(bytes: Bytes, from: DType, to: StoredDType): Bytes {
  checkWhole(bytes, from);
  if (sameStorage(from, to)) return bytes;
  if (to === "float32") return bytesOf(widening[from](bytes));
  if (to === "float16") return narrowToFloat16(bytes, from);
  throw new Error(`No conversion of tensors from ${from} to ${to}.`);
}

function bytesOf(array: Float32Array<ArrayBuffer> | Uint16Array<ArrayBuffer>): Bytes {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

function checkWhole(bytes: Bytes, dtype: DType): void {
  if (bytes.byteLength % byteSizes[dtype] !== 0) {
    throw new RangeError(`${bytes.byteLength} bytes are not a whole number of ${dtype} elements.`);
  }
}
