// A doubling and its convolution in one against one after the other, with the same weights, and when it is chosen.

import { describe, expect, test } from "vitest";
import { dialects, withWholeWeights, type Dialect } from "../../../src/models/dialects.ts";
import { fitsDoublingConvolution } from "../../../src/models/layers/doubling-convolution.ts";
import { upsample, type Size } from "../../../src/models/layers/resample.ts";
import { GraphBuilder } from "../../../src/onnx/graph-builder.ts";
import { elementCount } from "../../../src/onnx/graph.ts";
import type { OnnxDType, OnnxModel } from "../../../src/onnx/onnx-model.ts";
import type { Checkpoint } from "../../../src/weights/checkpoint.ts";
import { convolutionCheckpoint, noise } from "../../support/convolution-checkpoint.ts";
import { relativeDifference, runGraph } from "../../support/run-graph.ts";

const TOLERANCE = 1e-5;
const plain: Dialect = { ...dialects["wasm-float32"], rowWinograd: false, doublingConvolution: false };
const doubling: Dialect = { ...plain, doublingConvolution: true };

function build(checkpoint: Checkpoint, dialect: Dialect, shape: readonly number[], size?: Size): OnnxModel {
  const graph = new GraphBuilder("upsample");
  const x = graph.input("x", "float32", shape);
  graph.output("y", upsample({ graph, checkpoint, dialect }, "up", x, size));
  return graph.build();
}

const weightsOf = ({ externals }: OnnxModel): readonly string[] => externals.map(({ location }) => location);

test.each([[[1, 16, 8, 8]], [[2, 32, 5, 3]], [[1, 16, 1, 1]]])(
  "%j, doubled and convolved, is what the plain way gives",
  async (shape) => {
    const checkpoint = await convolutionCheckpoint("up.conv", shape[1], shape[1]);
    const models = [plain, doubling].map((dialect) => build(checkpoint, dialect, shape));
    expect(models.map(weightsOf)).toEqual([
      ["up.conv.weight", "up.conv.bias"],
      ["up.conv.weight#doubling", "up.conv.bias#doubling"],
    ]);
    const x = noise(elementCount(shape), 2);
    const [want, got] = [(await runGraph(models[0], { x })).y, (await runGraph(models[1], { x })).y];
    expect(got.shape).toEqual([shape[0], shape[1], 2 * shape[2], 2 * shape[3]]);
    expect(relativeDifference(got.data, want.data)).toBeLessThan(TOLERANCE);
  },
);

test("transformed kernels weigh no more than published ones", async () => {
  const [weight] = build(await convolutionCheckpoint("up.conv", 16, 16), doubling, [1, 16, 8, 8]).externals;
  expect(weight.byteLength).toBe(4 * 9 * 16 * 16);
  expect(await weight.read()).toEqual(weight.readSync());
});

describe("it is chosen", () => {
  const chosen = async (dialect: Dialect, size?: Size): Promise<boolean> => {
    const checkpoint = await convolutionCheckpoint("up.conv", 16, 16);
    return weightsOf(build(checkpoint, dialect, [1, 16, 8, 8], size))[0].endsWith("#doubling");
  };

  test("by the WASM dialects, where weights are whole", async () => {
    expect(await chosen(dialects["wasm-float32"])).toBe(true);
    expect(await chosen(dialects["wasm-compact"])).toBe(false);
    expect(await chosen(withWholeWeights(dialects["wasm-compact"]))).toBe(true);
    expect(await chosen(dialects["webgpu-float32"])).toBe(false);
  });

  test("for a true doubling only", async () => {
    expect(await chosen(doubling, { height: 15, width: 16 })).toBe(false);
    expect(await chosen(doubling, { height: 16, width: 15 })).toBe(false);
  });

  test.each<[string, OnnxDType, readonly number[], boolean]>([
    ["an ordinary feature map", "float32", [2, 64, 32, 32], true],
    ["float16", "float16", [2, 64, 32, 32], false],
    ["few channels", "float32", [2, 4, 32, 32], false],
    ["the largest result", "float32", [1, 256, 128, 128], true],
    ["a larger one", "float32", [1, 257, 128, 128], false],
  ])("%s: %s %j", (_, dtype, shape, fits) => {
    expect(fitsDoublingConvolution({ name: "x", dtype, shape })).toBe(fits);
  });
});
