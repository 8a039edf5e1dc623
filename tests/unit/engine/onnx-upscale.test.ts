// Upscalers that are published as one .onnx file, on the WASM kernels, against torch on the same weights (tools/fixtures/onnx_folders.py).

import { beforeAll, expect, test } from "vitest";
import { createUpscaler } from "../../../src/engine/ort-components.ts";
import { openUpscalerNetwork } from "../../../src/engine/upscaler-network.ts";
import type { OrtRuntime } from "../../../src/ort/ort-runtime.ts";
import type { PixelTensor } from "../../../src/pipeline/components.ts";
import { dialects } from "../../../src/models/dialects.ts";
import { memorySource } from "../../../src/weights/memory-source.ts";
import { GoldenTensors, tinyModel } from "../../support/fixture-model.ts";
import { createNodeRuntime } from "../../support/node-runtime.ts";
import { onnxFixture } from "../../support/onnx-folders.ts";
import { relativeDifference } from "../../support/relative-difference.ts";

const TOLERANCE = 1e-4;
const FLOAT16_TOLERANCE = 1e-2;
const [HEIGHT, WIDTH] = [40, 56];
/** What lies beyond the picture reaches this far into it: two convolutions, enlarged twice. */
const BORDER = 4;

const golden = await GoldenTensors.of(onnxFixture("results.safetensors"));
const picture = golden.float32("upscaler.picture");
const expected = golden.float32("upscaler.result");

let runtime: OrtRuntime;
beforeAll(async () => {
  runtime = await createNodeRuntime();
});

async function enlarge(fixture: string, name = fixture): Promise<PixelTensor> {
  const source = memorySource(onnxFixture(fixture), name);
  const { record } = tinyModel(name, source);
  const network = await openUpscalerNetwork(source, { ...record, format: "onnx" });
  const upscaler = createUpscaler(network.scale, async ({ width, height }) =>
    runtime.createSession(await network.graph(dialects["wasm-float32"], height, width), "cpu"),
  );
  return upscaler.run({ width: WIDTH, height: HEIGHT, data: picture });
}

test("a graph for any size makes what torch makes, at the scale that its name says", async () => {
  const { width, height, data } = await enlarge("2x-any.onnx");
  expect([width, height]).toEqual([2 * WIDTH, 2 * HEIGHT]);
  expect(relativeDifference(data, expected)).toBeLessThan(TOLERANCE);
});

test("a float16 graph for tiles of 64 takes a smaller picture, filled up", async () => {
  const { width, height, data } = await enlarge("tiles.onnx");
  expect([width, height]).toEqual([2 * WIDTH, 2 * HEIGHT]);
  const inside = (values: Float32Array): Float32Array =>
    values.filter((_, i) => {
      const [x, y] = [i % width, Math.floor(i / width) % height];
      return x < width - BORDER && y < height - BORDER;
    });
  expect(relativeDifference(inside(data), inside(expected))).toBeLessThan(FLOAT16_TOLERANCE);
});

test("a graph whose name says another scale than it has is refused with both", async () => {
  await expect(enlarge("2x-any.onnx", "4x-any.onnx")).rejects.toMatchObject({
    name: "UnsupportedModel",
    details: { expected: "a scale of 4", got: "2" },
  });
});
