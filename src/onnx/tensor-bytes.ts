// Little-endian bytes of small constants. For weights, see weights/: these never pass through here.

import type { OnnxDType } from "./onnx-model.ts";

export const BYTES_PER_ELEMENT: Readonly<Record<OnnxDType, number>> = {
  float32: 4,
  float16: 2,
  int64: 8,
  int32: 4,
  bool: 1,
};

const SETTERS: Readonly<Record<OnnxDType, (view: DataView, offset: number, value: number) => void>> = {
  float32: (view, offset, value) => view.setFloat32(offset, value, true),
  float16: (view, offset, value) => view.setUint16(offset, float16Bits(value), true),
  int64: (view, offset, value) => view.setBigInt64(offset, BigInt(value), true),
  int32: (view, offset, value) => view.setInt32(offset, value, true),
  bool: (view, offset, value) => view.setUint8(offset, value === 0 ? 0 : 1),
};

export function tensorBytes(dtype: OnnxDType, values: readonly number[]): Uint8Array<ArrayBuffer> {
  const size = BYTES_PER_ELEMENT[dtype];
  const bytes = new Uint8Array(values.length * size);
  const view = new DataView(bytes.buffer);
  values.forEach((value, i) => SETTERS[dtype](view, i * size, value));
  return bytes;
}

/** IEEE 754 binary16, rounded to nearest even, overflowing to infinity. */
export function float16Bits(value: number): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const magnitude = Math.abs(value);
  if (Number.isNaN(value)) return 0x7e00;
  if (magnitude >= 65520) return sign | 0x7c00; // halfway between the largest finite value and the next power of two
  // Subnormals share the exponent of the smallest normal number, 2^-14.
  const exponent = Math.max(-14, Math.floor(Math.log2(magnitude || 1e-30)));
  const units = magnitude / 2 ** (exponent - 10);
  const floor = Math.floor(units);
  const roundsUp = units - floor > 0.5 || (units - floor === 0.5 && floor % 2 === 1);
  // A significand that rounds up to 2048 carries into the exponent by plain addition.
  return sign | (((exponent + 14) << 10) + floor + (roundsUp ? 1 : 0));
}
