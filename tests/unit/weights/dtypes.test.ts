// Conversion of every storage dtype, bit for bit against PyTorch, ml_dtypes and NumPy (tools/fixtures/dtypes.py).

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { byteSizes, convertTensor, widenToFloat32 } from "../../../src/weights/dtypes.ts";
import { memorySource } from "../../../src/weights/memory-source.ts";
import { openSafetensors } from "../../../src/weights/safetensors.ts";
import type { DType } from "../../../src/weights/tensor-info.ts";

const file = readFileSync(new URL("../../fixtures/weights/dtypes.safetensors", import.meta.url));
const source = memorySource(file, "dtypes.safetensors");
const { tensors, metadata } = await openSafetensors(source);

function bytesOf(key: string): Uint8Array<ArrayBuffer> {
  const tensor = tensors.get(key);
  if (!tensor) throw new Error(`The fixture has no ${key}.`);
  return source.readSync(tensor.start, tensor.end);
}

/** Positions whose bits differ; any NaN equals any other, since payloads are nobody's business. */
function differences(
  got: Uint8Array<ArrayBuffer>,
  expected: Uint8Array<ArrayBuffer>,
  width: 2 | 4,
): number[] {
  const View = width === 2 ? Uint16Array : Uint32Array;
  const infinity = width === 2 ? 0x7c00 : 0x7f800000;
  const magnitude = width === 2 ? 0x7fff : 0x7fffffff;
  const isNaNBits = (bits: number): boolean => (bits & magnitude) > infinity;
  const a = new View(got.buffer, got.byteOffset, got.byteLength / width);
  const b = new View(expected.buffer, expected.byteOffset, expected.byteLength / width);
  expect(a.length).toBe(b.length);
  return [...a.keys()].filter((i) => a[i] !== b[i] && !(isNaNBits(a[i]) && isNaNBits(b[i])));
}

test("the fixture is what the reference implementation wrote", () => {
  expect(metadata.get("seed")).toBe("7");
  expect([...tensors.keys()].filter((key) => key.endsWith(".source")).sort()).toEqual(
    Object.keys(byteSizes)
      .map((name) => `${name}.source`)
      .sort(),
  );
});

describe.each(Object.keys(byteSizes) as DType[])("%s", (dtype) => {
  test("widens to float32", () => {
    const wide = widenToFloat32(bytesOf(`${dtype}.source`), dtype);
    expect(wide.length).toBeGreaterThan(3);
    expect(
      differences(
        new Uint8Array(wide.buffer, wide.byteOffset, wide.byteLength),
        bytesOf(`${dtype}.float32`),
        4,
      ),
    ).toEqual([]);
  });

  test("converts to float16, rounded once to nearest even", () => {
    const half = convertTensor(bytesOf(`${dtype}.source`), dtype, "float16");
    expect(differences(half, bytesOf(`${dtype}.float16`), 2)).toEqual([]);
  });

  test("reads the same from a misaligned range", () => {
    const bytes = bytesOf(`${dtype}.source`);
    const shifted = new Uint8Array(bytes.length + 1);
    shifted.set(bytes, 1);
    expect(convertTensor(shifted.subarray(1), dtype, "float32")).toEqual(
      convertTensor(bytes, dtype, "float32"),
    );
  });
});

test("bytes that already fit are handed on, not copied", () => {
  for (const [from, to] of [
    ["F32", "float32"],
    ["F16", "float16"],
    ["I32", "int32"],
    ["I64", "int64"],
    ["BOOL", "bool"],
  ] as const) {
    const bytes = new Uint8Array(8);
    expect(convertTensor(bytes, from, to)).toBe(bytes);
  }
});

test("refuses what no graph asks for and what is no whole number of elements", () => {
  expect(() => convertTensor(new Uint8Array(4), "F32", "int32")).toThrow(/from F32 to int32/);
  expect(() => convertTensor(new Uint8Array(3), "F16", "float32")).toThrow(
    /3 bytes are not a whole number of F16/,
  );
  expect(() => widenToFloat32(new Uint8Array(9), "F64")).toThrow(RangeError);
});
