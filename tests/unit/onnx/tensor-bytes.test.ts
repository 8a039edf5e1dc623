// Bytes of inline constants, float16 rounding above all.

import { expect, test } from "vitest";
import { float16Bits, tensorBytes } from "../../../src/onnx/tensor-bytes.ts";

test.each([
  [0, 0x0000],
  [-0, 0x8000],
  [1, 0x3c00],
  [-2, 0xc000],
  [0.1, 0x2e66],
  [1 / 3, 0x3555],
  [65504, 0x7bff],
  [65519.99, 0x7bff],
  [65520, 0x7c00],
  [-Infinity, 0xfc00],
  [NaN, 0x7e00],
  [2 ** -14, 0x0400],
  [2 ** -24, 0x0001],
  [2 ** -25, 0x0000], // halfway to the smallest subnormal: the even neighbour is 0
  [1 + 2 ** -11, 0x3c00], // halfway, down to even
  [1 + 3 * 2 ** -11, 0x3c02], // halfway, up to even
  [2 - 2 ** -12, 0x4000], // carries into the exponent
  [2 ** -14 - 2 ** -26, 0x0400], // carries from the subnormals into the normals
])("float16Bits(%d) is %d", (value, bits) => {
  expect(float16Bits(value)).toBe(bits);
});

test("tensorBytes() is little-endian", () => {
  const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
  expect(hex(tensorBytes("float32", [1, -2]))).toBe("0000803f000000c0");
  expect(hex(tensorBytes("float16", [1]))).toBe("003c");
  expect(hex(tensorBytes("int64", [-1, 258]))).toBe("ffffffffffffffff0201000000000000");
  expect(hex(tensorBytes("int32", [258]))).toBe("02010000");
  expect(hex(tensorBytes("bool", [0, 5]))).toBe("0001");
});
