// Every layout of every upscaler against spandrel in float32, on tiny random-weight files (tools/fixtures/upscalers.py).

import { readdirSync, readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { dialects } from "../../../../src/models/dialects.ts";
import {
  buildUpscaler,
  largestTensorBytesPerPixel,
} from "../../../../src/models/upscalers/build-upscaler.ts";
import { detectUpscaler } from "../../../../src/models/upscalers/detect-upscaler.ts";
import { elementCount } from "../../../../src/onnx/graph.ts";
import type { Checkpoint } from "../../../../src/weights/checkpoint.ts";
import { memorySource } from "../../../../src/weights/memory-source.ts";
import { openCheckpoint } from "../../../../src/weights/open-checkpoint.ts";
import { relativeDifference, runGraph } from "../../../support/run-graph.ts";

/** max|a - b| / max|b|. float16 weights, activations and sums through some forty layers. */
const TOLERANCES = { float32: 1e-4, float16: 1e-3 };
const FIXTURES = new URL("../../../fixtures/upscalers/", import.meta.url);
const GOLDEN = "upscaled.safetensors";
const files = readdirSync(FIXTURES).filter((name) => name !== GOLDEN);

const open = (name: string): Promise<Checkpoint> =>
  openCheckpoint(memorySource(readFileSync(new URL(name, FIXTURES)), name));

let golden: Checkpoint;

beforeAll(async () => {
  golden = await open(GOLDEN);
});

function values(key: string): { readonly shape: readonly number[]; readonly data: Float32Array } {
  const info = golden.tensors.get(key);
  if (!info) throw new Error(`no fixture ${key}`);
  return { shape: info.shape, data: new Float32Array(golden.source.readSync(info.start, info.end).buffer) };
}

/** Sizes that the golden file has of this model. */
const sizesOf = (name: string): string[] =>
  ["odd", "even"].filter((size) => golden.tensors.has(`${name}.${size}`));

test("the fixtures hold every scale and both file formats", () => {
  expect(files.toSorted()).toEqual([
    "bsrgan-x4.pth",
    "compact-x1.safetensors",
    "compact-x2.safetensors",
    "compact-x4.pth",
    "esrgan-plus-x4.safetensors",
    "esrgan-x1.safetensors",
    "esrgan-x2.safetensors",
    "esrgan-x4.pth",
    "esrgan-x8.safetensors",
    "real-esrgan-x1.safetensors",
    "real-esrgan-x2.safetensors",
    "real-esrgan-x4.pth",
  ]);
});

// The runtime widens what its CPU kernels lack in float16, so every dialect's graphs can be run here.
describe.each(Object.values(dialects))("in dialect $id", (dialect) => {
  test.each(files)("%s agrees with spandrel", async (name) => {
    const { checkpoint, config } = detectUpscaler(await open(name));
    const sizes = sizesOf(name);
    expect(sizes).toContain("odd");
    for (const size of sizes) {
      const pixels = values(`pixels.${size}`);
      const [, , height, width] = pixels.shape;
      const graph = buildUpscaler(checkpoint, config, { dialect, height, width });
      const { upscaled } = await runGraph(graph, { pixels: pixels.data });
      const expected = values(`${name}.${size}`);
      expect(upscaled.shape, size).toEqual(expected.shape);
      expect(upscaled.shape.slice(2), size).toEqual([config.scale * height, config.scale * width]);
      expect(relativeDifference(upscaled.data, expected.data), size).toBeLessThan(
        TOLERANCES[dialect.precision],
      );
    }
  });

  test.each(files)("%s uses every tensor of the file once", async (name) => {
    const { checkpoint, config } = detectUpscaler(await open(name));
    const { externals } = buildUpscaler(checkpoint, config, { dialect, height: 8, width: 8 });
    const keys = externals.map(({ location }) => location.split("#")[0]);
    expect(keys.toSorted()).toEqual([...checkpoint.tensors.keys()].toSorted());
  });

  test("a picture too small to be mirrored is continued with its last pixels", async () => {
    const { checkpoint, config } = detectUpscaler(await open("real-esrgan-x1.safetensors"));
    const run = async (side: number): Promise<Float32Array> => {
      const graph = buildUpscaler(checkpoint, config, { dialect, height: side, width: side });
      const pixels = new Float32Array(3 * side ** 2).fill(0.25);
      return (await runGraph(graph, { pixels })).upscaled.data;
    };
    const whole = await run(4);
    const single = await run(1);
    expect([...single]).toEqual([0, 16, 32].map((start) => whole[start]));
  });
});

test("largestTensorBytesPerPixel() is what the graph's largest layer takes", async () => {
  for (const name of files) {
    const { checkpoint, config } = detectUpscaler(await open(name));
    const side = 64;
    const { outputs } = buildUpscaler(checkpoint, config, {
      dialect: dialects["webgpu-float32"],
      height: side,
      width: side,
    });
    const perPixel = largestTensorBytesPerPixel(config, "float32");
    expect(perPixel, name).toBeGreaterThanOrEqual((4 * elementCount(outputs[0].shape)) / side ** 2);
    expect(largestTensorBytesPerPixel(config, "float16"), name).toBe(perPixel / 2);
  }
  const x8 = detectUpscaler(await open("esrgan-x8.safetensors")).config;
  expect(largestTensorBytesPerPixel(x8, "float32")).toBe(4 * 64 * 4); // 4 channels at 8 times the size
});
