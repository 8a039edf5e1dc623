// Every operator of pixel-ops.ts in a graph of its own on the WASM runtime: its result, and the shape told while building.

import { expect, test } from "vitest";
import { GraphBuilder } from "../../../src/onnx/graph-builder.ts";
import type { Value } from "../../../src/onnx/graph.ts";
import { depthToSpace, leakyRelu, padEnd, prelu } from "../../../src/onnx/pixel-ops.ts";
import { runGraph } from "../../support/run-graph.ts";

interface OperatorCase {
  readonly name: string;
  readonly shape: readonly number[];
  readonly x: readonly number[];
  readonly build: (g: GraphBuilder, x: Value) => Value;
  readonly expected: readonly number[];
}

const cases: readonly OperatorCase[] = [
  {
    name: "LeakyRelu",
    shape: [1, 1, 1, 3],
    x: [-2, 0, 3],
    build: (g, x) => leakyRelu(g, "op", x, 0.25),
    expected: [-0.5, 0, 3],
  },
  {
    name: "PRelu with a slope per channel",
    shape: [1, 2, 1, 2],
    x: [-2, 4, -2, 4],
    build: (g, x) => prelu(g, "op", x, g.constant("float32", [2, 1, 1], [0.5, -1])),
    expected: [-1, 4, 2, 4],
  },
  {
    name: "DepthToSpace in torch's order",
    shape: [1, 8, 1, 1],
    x: [1, 2, 3, 4, 5, 6, 7, 8],
    build: (g, x) => depthToSpace(g, "op", x, 2),
    expected: [1, 2, 3, 4, 5, 6, 7, 8], // [1, 2, 2, 2]: two planes, each square from neighbouring channels
  },
  {
    name: "DepthToSpace between two pixels",
    shape: [1, 4, 1, 2],
    x: [1, 2, 3, 4, 5, 6, 7, 8],
    build: (g, x) => depthToSpace(g, "op", x, 2),
    expected: [1, 3, 2, 4, 5, 7, 6, 8],
  },
  {
    name: "Pad by mirroring about the last row and column",
    shape: [1, 1, 2, 3],
    x: [1, 2, 3, 4, 5, 6],
    build: (g, x) => padEnd(g, "op", x, 1, 2),
    expected: [1, 2, 3, 2, 1, 4, 5, 6, 5, 4, 1, 2, 3, 2, 1],
  },
  {
    name: "Pad by repeating where there is too little to mirror",
    shape: [1, 1, 1, 2],
    x: [1, 2],
    build: (g, x) => padEnd(g, "op", x, 1, 1),
    expected: [1, 2, 2, 1, 2, 2],
  },
];

test.each(cases)("$name", async ({ shape, x, build, expected }) => {
  const g = new GraphBuilder("test");
  const value = build(g, g.input("x", "float32", shape));
  g.output("y", value);
  const { y } = await runGraph(g.build(), { x: Float32Array.from(x) });
  expect(y.shape).toEqual(value.shape);
  expect([...y.data]).toEqual(expected);
});

test("what does nothing adds no node", () => {
  const g = new GraphBuilder("test");
  const x = g.input("x", "float32", [1, 3, 2, 2]);
  expect(depthToSpace(g, "op", x, 1)).toBe(x);
  expect(padEnd(g, "op", x, 0, 0)).toBe(x);
});

test("operands that do not fit are refused where they are used", () => {
  const g = new GraphBuilder("test");
  const x = g.input("x", "float32", [1, 3, 2, 2]);
  expect(() => depthToSpace(g, "layer", x, 2)).toThrowError(/layer\/DepthToSpace.*a multiple of 4/);
  expect(() => prelu(g, "layer", x, g.constant("float32", [2, 1, 1], [1, 1]))).toThrowError(
    /layer\/PRelu.*\[3, 1, 1\]/,
  );
});
