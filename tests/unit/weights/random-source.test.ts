// Random weights made while they are read: a true file, the same bytes however it is read.

import { expect, test } from "vitest";
import { randomSource, type RandomTensor } from "../../../src/weights/random-source.ts";
import { openSafetensors } from "../../../src/weights/safetensors.ts";

const tensors: readonly RandomTensor[] = [
  { key: "a.weight", shape: [3, 5], mean: 0, deviation: 0.5 },
  { key: "a.bias", shape: [3], mean: 0, deviation: 0 },
  { key: "b.weight", shape: [700, 2000], mean: 0, deviation: 0.5 }, // longer than the values before they repeat
];

test("randomSource() is a safetensors file of its tensors", async () => {
  const { tensors: read } = await openSafetensors(randomSource("random", tensors, 1));
  expect([...read.values()].map(({ key, shape, dtype }) => [key, shape, dtype])).toEqual(
    tensors.map(({ key, shape }) => [key, shape, "F16"]),
  );
});

test("a range read alone has the bytes it has in the whole file", () => {
  const source = randomSource("random", tensors, 1);
  const whole = source.readSync(0, source.byteLength);
  for (const [start, end] of [
    [0, 9],
    [5, 400],
    [source.byteLength - 3, source.byteLength],
    [333, 333],
    [201, 2_500_001],
  ]) {
    expect(Buffer.compare(source.readSync(start, end), whole.subarray(start, end))).toBe(0);
  }
});

test("another seed gives other weights, the same seed the same", () => {
  const bytes = (seed: number): Uint8Array => {
    const source = randomSource("random", tensors, seed);
    return source.readSync(source.byteLength - 1000, source.byteLength);
  };
  expect(bytes(1)).toEqual(bytes(1));
  expect(bytes(1)).not.toEqual(bytes(2));
});

test("a range outside the file is refused", () => {
  const source = randomSource("random", tensors, 1);
  expect(() => source.readSync(0, source.byteLength + 1)).toThrow(/outside|inside/);
});
