// Every operator in a graph of its own on the WASM runtime: its result, and that the shape told while building is the real one.

import { expect, test } from "vitest";
import { biasSplitGelu, gelu, multiHeadAttention, quickGelu, silu } from "../../../src/onnx/fused-ops.ts";
import { GraphBuilder } from "../../../src/onnx/graph-builder.ts";
import type { Value } from "../../../src/onnx/graph.ts";
import { elementCount } from "../../../src/onnx/graph.ts";
import {
  add,
  cast,
  conv,
  cos,
  gemm,
  instanceNormalization,
  layerNormalization,
  matMul,
  mul,
  resizeNearest,
  sin,
  softmax,
} from "../../../src/onnx/ops.ts";
import { concat, gather, padZeros, reshape, slice, split, transpose } from "../../../src/onnx/shape-ops.ts";
import { runGraph } from "../../support/run-graph.ts";

const FLOAT32_TOLERANCE = 1e-5;

type Build = (g: GraphBuilder, x: Value, constant: (shape: number[], values: number[]) => Value) => Value;

interface OperatorCase {
  readonly name: string;
  readonly x: readonly number[];
  readonly build: Build;
  /** Of the inputs 1, 2, 3, ... divided by 4. */
  readonly expected: (x: readonly number[]) => readonly number[];
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const sigmoid = (v: number): number => 1 / (1 + Math.exp(-v));
const normalize = (values: readonly number[], epsilon: number): number[] => {
  const mean = sum(values) / values.length;
  const variance = sum(values.map((v) => (v - mean) ** 2)) / values.length;
  return values.map((v) => (v - mean) / Math.sqrt(variance + epsilon));
};
const softmaxOf = (values: readonly number[]): number[] => {
  const exponentials = values.map(Math.exp);
  return exponentials.map((e) => e / sum(exponentials));
};
/** Abramowitz and Stegun 7.1.26 is too coarse; the Taylor series converges fast enough for |v| < 3. */
const erf = (v: number): number => {
  let term = v;
  let total = v;
  for (let n = 1; n < 60; n++) {
    term *= -(v * v) / n;
    total += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * total;
};
const geluOf = (v: number): number => 0.5 * v * (1 + erf(v / Math.SQRT2));

/** One head, [tokens][width]. */
function attend(q: number[][], k: number[][], v: number[][], causal: boolean): number[][] {
  return q.map((row, i) => {
    const seen = causal ? k.slice(0, i + 1) : k;
    const weights = softmaxOf(
      seen.map((key) => sum(key.map((value, d) => value * row[d])) / Math.sqrt(row.length)),
    );
    return row.map((_, d) => sum(weights.map((w, j) => w * v[j][d])));
  });
}

function attentionCase(causal: boolean): OperatorCase {
  return {
    name: `MultiHeadAttention with two heads${causal ? ", causal" : ""}`,
    x: [1, 3, 8],
    build: (g, x, constant) => {
      const half = mul(g, "key", x, constant([1], [0.5]));
      return multiHeadAttention(g, "op", x, half, add(g, "value", x, x), { heads: 2, causal });
    },
    expected: (x) => {
      const head = (h: number): number[][] => [0, 1, 2].map((t) => x.slice(8 * t + 4 * h, 8 * t + 4 * h + 4));
      const scaled = (rows: number[][], factor: number): number[][] =>
        rows.map((row) => row.map((v) => v * factor));
      const heads = [0, 1].map((h) => attend(head(h), scaled(head(h), 0.5), scaled(head(h), 2), causal));
      return [0, 1, 2].flatMap((t) => [...heads[0][t], ...heads[1][t]]);
    },
  };
}

const cases: readonly OperatorCase[] = [
  {
    name: "Add broadcasts",
    x: [2, 3],
    build: (g, x, c) => add(g, "op", x, c([1, 3], [1, 2, 3])),
    expected: (x) => x.map((v, i) => v + 1 + (i % 3)),
  },
  {
    name: "Mul broadcasts over height and width",
    x: [1, 2, 1, 2],
    build: (g, x, c) => mul(g, "op", x, c([2, 1, 1], [2, 3])),
    expected: (x) => x.map((v, i) => v * (i < 2 ? 2 : 3)),
  },
  { name: "Cos", x: [3], build: (g, x) => cos(g, "op", x), expected: (x) => x.map(Math.cos) },
  { name: "Sin", x: [3], build: (g, x) => sin(g, "op", x), expected: (x) => x.map(Math.sin) },
  { name: "Reshape", x: [2, 3], build: (g, x) => reshape(g, "op", x, [3, 1, 2]), expected: (x) => x },
  {
    name: "Transpose",
    x: [1, 2, 3],
    build: (g, x) => transpose(g, "op", x, [0, 2, 1]),
    expected: (x) => [0, 3, 1, 4, 2, 5].map((i) => x[i]),
  },
  {
    name: "Cast to float16 and back",
    x: [3],
    build: (g, x) => cast(g, "back", cast(g, "op", x, "float16"), "float32"),
    expected: (x) => x,
  },
  {
    name: "Concat",
    x: [2, 2],
    build: (g, x, c) => concat(g, "op", [x, c([2, 1], [8, 9])], 1),
    expected: (x) => [x[0], x[1], 8, x[2], x[3], 9],
  },
  {
    name: "Split",
    x: [2, 3],
    build: (g, x) => split(g, "op", x, 1, [1, 2])[1],
    expected: (x) => [1, 2, 4, 5].map((i) => x[i]),
  },
  {
    name: "Slice with a step",
    x: [1, 5, 2],
    build: (g, x) => slice(g, "op", x, { axis: 1, start: 1, step: 3, extent: 2 }),
    expected: (x) => [2, 3, 8, 9].map((i) => x[i]),
  },
  {
    name: "Pad with zeros on one axis",
    x: [1, 2, 2],
    build: (g, x) => padZeros(g, "op", x, { axis: 1, before: 1, after: 2 }),
    expected: (x) => [0, 0, ...x, 0, 0, 0, 0],
  },
  {
    name: "Gather",
    x: [3, 2],
    build: (g, x) => gather(g, "op", x, g.constant("int32", [1, 4], [2, 0, 0, 1])),
    expected: (x) => [4, 5, 0, 1, 0, 1, 2, 3].map((i) => x[i]),
  },
  {
    name: "Gemm with a Linear's weight",
    x: [2, 2],
    build: (g, x, c) => gemm(g, "op", x, c([3, 2], [1, 0, 0, 1, 1, 1]), c([3], [10, 20, 30])),
    expected: ([a, b, c, d]) => [a + 10, b + 20, a + b + 30, c + 10, d + 20, c + d + 30],
  },
  {
    name: "Gemm without bias",
    x: [1, 2],
    build: (g, x, c) => gemm(g, "op", x, c([1, 2], [2, 3])),
    expected: ([a, b]) => [2 * a + 3 * b],
  },
  {
    name: "MatMul",
    x: [1, 2, 2],
    build: (g, x, c) => matMul(g, "op", x, c([1, 2, 1], [2, 3])),
    expected: ([a, b, c, d]) => [2 * a + 3 * b, 2 * c + 3 * d],
  },
  {
    name: "MatMul of one matrix with each of a batch",
    x: [2, 2, 1],
    build: (g, x, c) => matMul(g, "op", c([1, 2], [2, 3]), x),
    expected: ([a, b, c, d]) => [2 * a + 3 * b, 2 * c + 3 * d],
  },
  {
    name: "Softmax",
    x: [2, 3],
    build: (g, x) => softmax(g, "op", x),
    expected: (x) => [...softmaxOf(x.slice(0, 3)), ...softmaxOf(x.slice(3))],
  },
  {
    name: "Conv that pads right and bottom only, stride 2",
    x: [1, 1, 4, 4],
    build: (g, x, c) =>
      conv(g, "op", x, c([1, 1, 3, 3], new Array<number>(9).fill(1)), c([1], [100]), {
        stride: 2,
        pads: [0, 0, 1, 1],
      }),
    expected: (x) =>
      [
        [0, 0],
        [0, 2],
        [2, 0],
        [2, 2],
      ].map(
        ([top, left]) =>
          100 +
          sum(
            x.filter((_, i) => {
              const row = Math.floor(i / 4) - top;
              const column = (i % 4) - left;
              return row >= 0 && row < 3 && column >= 0 && column < 3;
            }),
          ),
      ),
  },
  {
    name: "Conv 1x1 to more channels",
    x: [1, 2, 1, 1],
    build: (g, x, c) =>
      conv(g, "op", x, c([3, 2, 1, 1], [1, 0, 0, 1, 1, 1]), c([3], [0, 0, 1]), {
        stride: 1,
        pads: [0, 0, 0, 0],
      }),
    expected: ([a, b]) => [a, b, a + b + 1],
  },
  {
    name: "Conv in two groups",
    x: [1, 2, 1, 1],
    build: (g, x, c) =>
      conv(g, "op", x, c([2, 1, 1, 1], [2, 3]), c([2], [1, 0]), { stride: 1, pads: [0, 0, 0, 0], groups: 2 }),
    expected: ([a, b]) => [2 * a + 1, 3 * b],
  },
  {
    name: "Resize to twice the size",
    x: [1, 1, 1, 2],
    build: (g, x) => resizeNearest(g, "op", x, 2, 4),
    expected: ([a, b]) => [a, a, b, b, a, a, b, b],
  },
  {
    name: "Resize to one less than twice",
    x: [1, 1, 1, 3],
    build: (g, x) => resizeNearest(g, "op", x, 1, 5),
    expected: ([a, b, c]) => [a, a, b, b, c],
  },
  {
    name: "LayerNormalization",
    x: [2, 3],
    build: (g, x, c) => layerNormalization(g, "op", x, c([3], [1, 2, 3]), c([3], [0, 0, 1]), 1e-5),
    expected: (x) =>
      [x.slice(0, 3), x.slice(3)].flatMap((row) => {
        const [a, b, c] = normalize(row, 1e-5);
        return [a, 2 * b, 3 * c + 1];
      }),
  },
  {
    name: "InstanceNormalization",
    x: [1, 2, 3],
    build: (g, x, c) => instanceNormalization(g, "op", x, c([2], [1, 2]), c([2], [0, 1]), 1e-6),
    expected: (x) => [
      ...normalize(x.slice(0, 3), 1e-6),
      ...normalize(x.slice(3), 1e-6).map((v) => 2 * v + 1),
    ],
  },
  {
    name: "QuickGelu",
    x: [4],
    build: (g, x) => quickGelu(g, "op", x, 1.702),
    expected: (x) => x.map((v) => v * sigmoid(1.702 * v)),
  },
  { name: "SiLU", x: [4], build: (g, x) => silu(g, "op", x), expected: (x) => x.map((v) => v * sigmoid(v)) },
  { name: "Gelu", x: [6], build: (g, x) => gelu(g, "op", x), expected: (x) => x.map(geluOf) },
  attentionCase(false),
  attentionCase(true),
];

test.each(cases)("$name", async ({ x: shape, build, expected }) => {
  const g = new GraphBuilder("op");
  const x = g.input("x", "float32", shape);
  const result = build(g, x, (extents, values) => g.constant("float32", extents, values));
  g.output("result", result);
  const input = Array.from({ length: elementCount(shape) }, (_, i) => (i + 1) / 4);
  const { result: got } = await runGraph(g.build(), { x: Float32Array.from(input) });
  expect(got.shape).toEqual(result.shape);
  const want = expected(input);
  expect(got.data).toHaveLength(want.length);
  want.forEach((value, i) =>
    expect(Math.abs(got.data[i] - value)).toBeLessThan(FLOAT32_TOLERANCE * Math.max(1, Math.abs(value))),
  );
});

test("BiasSplitGelu, which has no CPU kernel, halves the width", () => {
  const g = new GraphBuilder("op");
  const x = g.input("x", "float32", [1, 7, 2560]);
  const bias = g.input("bias", "float32", [2560]);
  expect(biasSplitGelu(g, "op", x, bias).shape).toEqual([1, 7, 1280]);
});
