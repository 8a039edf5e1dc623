// Names, sharing and refusals of the graph builder. What operators compute is in ops.test.ts.

import { expect, test } from "vitest";
import { GraphBuilder } from "../../../src/onnx/graph-builder.ts";
import { GraphError } from "../../../src/onnx/graph-error.ts";
import type { ExternalTensor } from "../../../src/onnx/onnx-model.ts";
import { add, conv, gemm, matMul, mul } from "../../../src/onnx/ops.ts";
import { concat, reshape, slice, split } from "../../../src/onnx/shape-ops.ts";

function weight(location: string, shape: readonly number[]): ExternalTensor {
  const bytes = new Uint8Array(4 * shape.reduce((product, extent) => product * extent, 1));
  return {
    location,
    dtype: "float32",
    shape,
    byteLength: bytes.length,
    read: () => Promise.resolve(bytes),
    readSync: () => bytes,
  };
}

test("nodes are named after the path and operator, and repeats are numbered", () => {
  const g = new GraphBuilder("net");
  const x = g.input("x", "float32", [2]);
  expect(add(g, "blocks.0", x, x).name).toBe("/net/blocks.0/Add");
  expect(add(g, "blocks.0", x, x).name).toBe("/net/blocks.0/Add_1");
  expect(mul(g, "blocks.0", x, x).name).toBe("/net/blocks.0/Mul");
});

test("equal constants are one value, and the type and shape count", () => {
  const g = new GraphBuilder("net");
  const one = g.constant("float32", [1], [1]);
  expect(g.constant("float32", [1], [1])).toBe(one);
  expect(g.constant("float16", [1], [1])).not.toBe(one);
  expect(g.constant("float32", [1, 1], [1])).not.toBe(one);
});

test("a weight used twice is one initializer; used as something else it is refused", () => {
  const g = new GraphBuilder("net");
  const first = g.external(weight("fc.weight", [2, 3]));
  expect(g.external(weight("fc.weight", [2, 3]))).toBe(first);
  expect(() => g.external(weight("fc.weight", [3, 2]))).toThrow(
    /fc\.weight: expected float32 \[2, 3\], got .*\[3, 2\]/,
  );
  expect(g.build().externals).toHaveLength(1);
});

test("a value cannot be published under two names", () => {
  const g = new GraphBuilder("net");
  const x = g.input("x", "float32", [2]);
  const sum = add(g, "sum", x, x);
  g.output("a", sum);
  expect(() => g.output("b", sum)).toThrow(GraphError);
});

test("a reshape to the same shape adds no node", () => {
  const g = new GraphBuilder("net");
  const x = g.input("x", "float32", [2, 3]);
  expect(reshape(g, "same", x, [2, 3])).toBe(x);
});

test.each<[string, (g: GraphBuilder) => unknown]>([
  [
    "Add of shapes that do not broadcast",
    (g) => add(g, "here", g.input("a", "float32", [2, 3]), g.input("b", "float32", [2, 2])),
  ],
  ["Add of two dtypes", (g) => add(g, "here", g.input("a", "float32", [2]), g.input("b", "float16", [2]))],
  ["Reshape to another number of elements", (g) => reshape(g, "here", g.input("a", "float32", [2, 3]), [5])],
  ["Split that does not add up", (g) => split(g, "here", g.input("a", "float32", [2, 3]), 1, [1, 1])],
  [
    "Slice beyond the end",
    (g) => slice(g, "here", g.input("a", "float32", [2, 3]), { axis: 1, start: 1, step: 2, extent: 2 }),
  ],
  [
    "Concat of unlike shapes",
    (g) => concat(g, "here", [g.input("a", "float32", [2, 3]), g.input("b", "float32", [3, 3])], 1),
  ],
  [
    "MatMul of unlike inner axes",
    (g) => matMul(g, "here", g.input("a", "float32", [2, 3]), g.input("b", "float32", [2, 3])),
  ],
  [
    "Gemm with a transposed weight",
    (g) => gemm(g, "here", g.input("a", "float32", [5, 3]), g.external(weight("w", [3, 4]))),
  ],
  [
    "Conv with a weight for other channels",
    (g) => {
      const x = g.input("x", "float32", [1, 4, 8, 8]);
      return conv(g, "here", x, g.external(weight("w", [2, 3, 3, 3])), g.external(weight("b", [2])), {
        stride: 1,
        pads: [1, 1, 1, 1],
      });
    },
  ],
])("%s is refused where it is built", (_, build) => {
  expect(() => build(new GraphBuilder("net"))).toThrow(/^here\/\w+: expected .+, got .+/);
});
