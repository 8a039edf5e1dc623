// Resampling against Pillow (tools/fixtures/resized.py), and what must hold at any size.

import { readFileSync } from "node:fs";
import { beforeAll, expect, test } from "vitest";
import { resizeRgba, resizeSamples, type ResizeFilter } from "../../../src/imaging/resize.ts";
import type { Checkpoint } from "../../../src/weights/checkpoint.ts";
import { memorySource } from "../../../src/weights/memory-source.ts";
import { openSafetensors } from "../../../src/weights/safetensors.ts";

/** Pillow also rounds between the axes. */
const BYTE_TOLERANCE = 1;
const FLOAT_TOLERANCE = 1e-5;
const WIDTH = 13;
const HEIGHT = 9;
const filters: readonly ResizeFilter[] = ["lanczos", "bicubic", "area"];

let golden: Checkpoint;

beforeAll(async () => {
  const bytes = readFileSync(new URL("../../fixtures/imaging/resized.safetensors", import.meta.url));
  golden = await openSafetensors(memorySource(bytes, "resized.safetensors"));
});

function bytes(key: string): Uint8Array<ArrayBuffer> {
  const { start, end } = golden.tensors.get(key)!;
  return golden.source.readSync(start, end);
}

const floats = (key: string): Float32Array<ArrayBuffer> => new Float32Array(bytes(key).buffer);

/** [width, height] of every picture that Pillow made. */
function targets(): (readonly [string, { width: number; height: number }])[] {
  const sizes = [...golden.tensors.keys()].filter((key) => key.startsWith("lanczos.bytes."));
  return sizes.map((key) => {
    const size = key.slice("lanczos.bytes.".length);
    const [width, height] = size.split("x").map(Number);
    return [size, { width, height }];
  });
}

function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  return Math.max(...Array.from(a, (value, i) => Math.abs(value - b[i])));
}

test.each(filters)("%s on bytes is Pillow's to a level", (filter) => {
  const data = new Uint8ClampedArray(bytes("bytes"));
  expect(targets()).toHaveLength(5);
  for (const [name, target] of targets()) {
    const ours = resizeRgba({ width: WIDTH, height: HEIGHT, pixels: data }, target, filter);
    expect(ours).toMatchObject(target);
    const difference = largestDifference(ours.pixels, bytes(`${filter}.bytes.${name}`));
    expect(difference, name).toBeLessThanOrEqual(BYTE_TOLERANCE);
  }
});

test.each(filters)("%s on a plane of floats is Pillow's", (filter) => {
  const plane = { data: floats("floats"), channels: 1, width: WIDTH, height: HEIGHT };
  for (const [name, target] of targets()) {
    const ours = resizeSamples(plane, target, filter);
    expect(largestDifference(ours, floats(`${filter}.floats.${name}`)), name).toBeLessThan(FLOAT_TOLERANCE);
  }
});

test.each(filters)("%s keeps an even surface even, at any size", (filter) => {
  const data = new Float32Array(6 * 5).fill(0.3);
  for (const [width, height] of [
    [17, 11],
    [4, 3],
    [1, 40],
  ]) {
    const resized = resizeSamples({ data, channels: 1, width: 6, height: 5 }, { width, height }, filter);
    expect(resized).toHaveLength(width * height);
    expect(Math.max(...resized.map((value) => Math.abs(value - 0.3)))).toBeLessThan(1e-6);
  }
});

test("bytes are clamped where a filter overshoots", () => {
  const data = Uint8ClampedArray.of(0, 0, 0, 255, 255, 255);
  const resized = resizeSamples(
    { data, channels: 1, width: 6, height: 1 },
    { width: 24, height: 1 },
    "lanczos",
  );
  const floats = resizeSamples(
    { data: Float32Array.from(data), channels: 1, width: 6, height: 1 },
    { width: 24, height: 1 },
    "lanczos",
  );
  expect(Math.min(...floats)).toBeLessThan(-5);
  expect(Math.max(...floats)).toBeGreaterThan(260);
  expect([...resized]).toEqual([...floats].map((value) => Math.round(Math.min(255, Math.max(0, value)))));
});

test("area is the mean where sizes divide", () => {
  const data = Float32Array.of(1, 2, 3, 4, /* second row */ 5, 6, 7, 8);
  const plane = { data, channels: 1, width: 4, height: 2 };
  expect([...resizeSamples(plane, { width: 2, height: 1 }, "area")]).toEqual([3.5, 5.5]);
});

test("a picture of the target's size is given back as it is", () => {
  const picture = { width: 1, height: 2, pixels: new Uint8ClampedArray(8) };
  expect(resizeRgba(picture, { width: 1, height: 2 }, "lanczos")).toBe(picture);
});
