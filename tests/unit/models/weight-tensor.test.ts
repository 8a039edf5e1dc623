// Weights handed to the runtime from where they lie in the file: ranges, conversion, refusals.

import { beforeAll, expect, test } from "vitest";
import { weightTensor } from "../../../src/models/weight-tensor.ts";
import type { Checkpoint } from "../../../src/weights/checkpoint.ts";
import { memorySource } from "../../../src/weights/memory-source.ts";
import { openSafetensors } from "../../../src/weights/safetensors.ts";
import { writeSafetensors } from "../../../src/weights/write-safetensors.ts";

let checkpoint: Checkpoint;

beforeAll(async () => {
  const half = new Uint8Array(Uint16Array.of(0x3c00, 0x4000, 0xbc00, 0x3800, 0x0000, 0x4200).buffer); // 1 2 -1 0.5 0 3
  const float = new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer);
  const file = writeSafetensors(
    new Map([
      ["half", { dtype: "F16", shape: [3, 2], bytes: half }],
      ["float", { dtype: "F32", shape: [2, 2, 1, 1], bytes: float }],
    ]),
  );
  checkpoint = await openSafetensors(memorySource(file, "two.safetensors"));
});

const floats = (bytes: Uint8Array): number[] => [...new Float32Array(bytes.slice().buffer)];

test("a tensor of the wanted dtype is the file's own range, read in parts", async () => {
  const tensor = weightTensor(checkpoint, "float", { dtype: "float32", shape: [2, 2] });
  expect(tensor).toMatchObject({ location: "float", shape: [2, 2], byteLength: 16 });
  expect(floats(tensor.readSync())).toEqual([1, 2, 3, 4]);
  expect(floats(await tensor.readPart!(4, 12))).toEqual([2, 3]);
});

test("another dtype is converted while read, as a whole", async () => {
  const tensor = weightTensor(checkpoint, "half", { dtype: "float32", shape: [3, 2] });
  expect(tensor.byteLength).toBe(24);
  expect(floats(tensor.readSync())).toEqual([1, 2, -1, 0.5, 0, 3]);
  expect(floats(await tensor.read())).toEqual([1, 2, -1, 0.5, 0, 3]);
  expect(tensor.readPart).toBeUndefined();
});

test("rows are a range of their own", () => {
  const tensor = weightTensor(checkpoint, "half", { dtype: "float32", shape: [3, 2], rows: [1, 3] });
  expect(tensor).toMatchObject({ location: "half[1:3]", shape: [2, 2], byteLength: 16 });
  expect(floats(tensor.readSync())).toEqual([-1, 0.5, 0, 3]);
});

test("a missing key is named", () => {
  expect(() => weightTensor(checkpoint, "gone", { dtype: "float32", shape: [1] })).toThrow(
    expect.objectContaining({ name: "MissingTensor", message: expect.stringContaining("gone") as string }),
  );
});

test("another shape is refused with both shapes", () => {
  expect(() => weightTensor(checkpoint, "half", { dtype: "float32", shape: [2, 3] })).toThrow(
    expect.objectContaining({
      name: "ShapeMismatch",
      details: { where: "half", expected: "[2, 3]", got: "[3, 2]" },
    }),
  );
});
