// A 3x3 convolution in half the multiplications: Winograd's F(4, 3) along the rows (Lavin and Gray, "Fast Algorithms for
// Convolutional Neural Networks", 2016), three plain taps along the columns. Both axes would save more multiplications, but
// picking every fourth column apart costs more than that; rows are copied whole.

import type { Value } from "../../onnx/graph.ts";
import { elementCount } from "../../onnx/graph.ts";
import { conv, matMul } from "../../onnx/ops.ts";
import { concat, padZeros, reshape, slice, transpose } from "../../onnx/shape-ops.ts";
import type { LayerContext } from "./layer-context.ts";
import { derivedWeight } from "./layer-context.ts";

/** Rows computed together, and the rows they depend on. */
const OUTPUT_ROWS = 4;
const TILE_ROWS = 6;

// With d the six rows of a tile and k the three rows of a kernel: output = OUTPUT · ((KERNEL · k) ⊙ (INPUT · d)).
const INPUT = [
  [4, 0, -5, 0, 1, 0],
  [0, -4, -4, 1, 1, 0],
  [0, 4, -4, -1, 1, 0],
  [0, -2, -1, 2, 1, 0],
  [0, 2, -1, -2, 1, 0],
  [0, 4, 0, -5, 0, 1],
];
const KERNEL = [
  [1 / 4, 0, 0],
  [-1 / 6, -1 / 6, -1 / 6],
  [-1 / 6, 1 / 6, -1 / 6],
  [1 / 24, 1 / 12, 1 / 6],
  [1 / 24, -1 / 12, 1 / 6],
  [0, 0, 1],
];
const OUTPUT = [
  [1, 1, 1, 1, 1, 0],
  [0, 1, -1, 2, -2, 0],
  [0, 1, 1, 4, 4, 0],
  [0, 1, -1, 8, -8, 1],
];
/** The only column of OUTPUT that is 1 in every row: a bias added to this product reaches each output once. */
const BIAS_PRODUCT = 1;

// Measured on the CPU: below these the transforms cost more than they save, above the last their memory is the problem.
const MIN_PIXELS = 64;
const MIN_CHANNELS = 16;
const MAX_INPUT_BYTES = 64 * 2 ** 20;

/** Whether a 3x3 convolution of stride 1 that keeps the size should be done this way. */
export function fitsRowWinograd(x: Value, out: number): boolean {
  const [, channels, height, width] = x.shape;
  return (
    x.dtype === "float32" &&
    height % OUTPUT_ROWS === 0 &&
    height * width >= MIN_PIXELS &&
    Math.min(channels, out) >= MIN_CHANNELS &&
    4 * elementCount(x.shape) <= MAX_INPUT_BYTES
  );
}

// x ── Pad ─┬─ rows 0, 4, 8, ... ─┐
//           ├─ rows 1, 5, 9, ... ─┤
//           │         ...        Concat ── INPUT · ── Conv 1x3 in 6 groups ── OUTPUT · ── rows in order ── out
//           └─ rows 5, 9, 13, ... ┘
export function rowWinograd(c: LayerContext, key: string, x: Value, out: number): Value {
  const { graph } = c;
  const [batch, channels, height, width] = x.shape;
  const tiles = height / OUTPUT_ROWS;
  const matrix = (rows: readonly number[][]): Value =>
    graph.constant("float32", [rows.length, rows[0].length], rows.flat());

  const padded = padZeros(graph, key, x, { axis: 2, before: 1, after: 1 });
  const rows = Array.from({ length: TILE_ROWS }, (_, start) =>
    slice(graph, key, padded, { axis: 2, start, step: OUTPUT_ROWS, extent: tiles }),
  );
  const tile = reshape(graph, key, concat(graph, key, rows, 1), [batch, TILE_ROWS, channels * tiles * width]);
  const transformed = reshape(graph, key, matMul(graph, key, matrix(INPUT), tile), [
    batch,
    TILE_ROWS * channels,
    tiles,
    width,
  ]);
  const products = conv(
    graph,
    key,
    transformed,
    derivedWeight(c, `${key}.weight`, [out, channels, 3, 3], {
      name: "row-winograd",
      shape: [TILE_ROWS * out, channels, 1, 3],
      derive: transformKernel,
    }),
    derivedWeight(c, `${key}.bias`, [out], {
      name: "row-winograd",
      shape: [TILE_ROWS * out],
      derive: placeBias,
    }),
    { stride: 1, pads: [0, 1, 0, 1], groups: TILE_ROWS },
  );
  const flat = reshape(graph, key, products, [batch, TILE_ROWS, out * tiles * width]);
  const outputs = reshape(graph, key, matMul(graph, key, matrix(OUTPUT), flat), [
    batch,
    OUTPUT_ROWS,
    out,
    tiles,
    width,
  ]);
  return reshape(graph, key, transpose(graph, key, outputs, [0, 2, 3, 1, 4]), [batch, out, height, width]);
}

/** [out, in, 3, 3] → [6, out, in, 1, 3] */
function transformKernel(kernel: Float32Array): Float32Array<ArrayBuffer> {
  const planes = kernel.length / 9;
  const transformed = new Float32Array(TILE_ROWS * planes * 3);
  KERNEL.forEach(([top, middle, bottom], row) => {
    for (let plane = 0; plane < planes; plane++) {
      const from = plane * 9;
      const to = (row * planes + plane) * 3;
      for (let column = 0; column < 3; column++) {
        transformed[to + column] =
          top * kernel[from + column] +
          middle * kernel[from + 3 + column] +
          bottom * kernel[from + 6 + column];
      }
    }
  });
  return transformed;
}

/** [out] → [6, out] with zeros but for one row. */
function placeBias(bias: Float32Array): Float32Array<ArrayBuffer> {
  const placed = new Float32Array(TILE_ROWS * bias.length);
  placed.set(bias, BIAS_PRODUCT * bias.length);
  return placed;
}
