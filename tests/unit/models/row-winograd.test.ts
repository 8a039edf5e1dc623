// Row-wise Winograd convolution against the plain convolution of the same weights, and when it is chosen.

import { describe, expect, test } from "vitest";
import { dialects } from "../../../src/models/dialects.ts";
import { convolution } from "../../../src/models/layers/convolution.ts";
import { fitsRowWinograd } from "../../../src/models/layers/row-winograd.ts";
import { GraphBuilder } from "../../../src/onnx/graph-builder.ts";
import type { OnnxDType, OnnxModel } from "../../../src/onnx/onnx-model.ts";
import { elementCount } from "../../../src/onnx/graph.ts";
import type { Checkpoint } from "../../../src/weights/checkpoint.ts";
import { convolutionCheckpoint, noise } from "../../support/convolution-checkpoint.ts";
import { relativeDifference, runGraph } from "../../support/run-graph.ts";

const TOLERANCE = 1e-5;
const KEY = "conv";

function build(
  checkpoint: Checkpoint,
  shape: readonly number[],
  out: number,
  rowWinograd: boolean,
): OnnxModel {
  const graph = new GraphBuilder("convolution");
  const c = { graph, checkpoint, dialect: { ...dialects["wasm-float32"], rowWinograd } };
  graph.output("y", convolution(c, KEY, graph.input("x", "float32", shape), out));
  return graph.build();
}

test.each([
  [[1, 16, 8, 8], 16],
  [[2, 32, 12, 10], 48],
  [[1, 64, 64, 64], 32],
])("input %j to %i channels equals the plain convolution", async (shape, out) => {
  const checkpoint = await convolutionCheckpoint(KEY, shape[1], out);
  const [plain, fast] = [false, true].map((rowWinograd) => build(checkpoint, shape, out, rowWinograd));
  expect(plain.externals.map(({ location }) => location)).toEqual([`${KEY}.weight`, `${KEY}.bias`]);
  expect(fast.externals.map(({ location }) => location)).toEqual([
    `${KEY}.weight#row-winograd`,
    `${KEY}.bias#row-winograd`,
  ]);
  const x = noise(elementCount(shape), 2);
  const [want, got] = [(await runGraph(plain, { x })).y, (await runGraph(fast, { x })).y];
  expect(got.shape).toEqual(want.shape);
  expect(relativeDifference(got.data, want.data)).toBeLessThan(TOLERANCE);
});

test("derived weights read asynchronously are those read synchronously", async () => {
  const { externals } = build(await convolutionCheckpoint(KEY, 16, 16), [1, 16, 8, 8], 16, true);
  for (const tensor of externals) {
    expect(await tensor.read()).toEqual(tensor.readSync());
    expect(tensor.readSync().length).toBe(tensor.byteLength);
  }
});

describe("fitsRowWinograd()", () => {
  test.each<[string, OnnxDType, readonly number[], number, boolean]>([
    ["an ordinary feature map", "float32", [2, 64, 32, 32], 64, true],
    ["float16", "float16", [2, 64, 32, 32], 64, false],
    ["a height that four does not divide", "float32", [2, 64, 33, 32], 64, false],
    ["a tiny feature map", "float32", [2, 64, 4, 4], 64, false],
    ["the latents' few channels", "float32", [2, 4, 32, 32], 64, false],
    ["the picture's few channels", "float32", [2, 64, 32, 32], 3, false],
    ["a map whose transform would be very large", "float32", [1, 64, 1024, 1024], 64, false],
  ])("%s", (_, dtype, shape, out, fits) => {
    expect(fitsRowWinograd({ name: "x", dtype, shape }, out)).toBe(fits);
  });
});
