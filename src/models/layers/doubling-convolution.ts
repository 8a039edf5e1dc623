// A 3x3 convolution of a feature map that was doubled by nearest neighbours, computed before it is doubled. Every output sees only
// a 2x2 block of the small map, and along one axis the two outputs of a pixel share a product: with the taps a, b, c and the
// pixels u, v, w they are (a + b + c) v - a (v - u) and (a + b + c) v + c (w - v). Nine products a pixel instead of 36.

import { elementCount, type Value } from "../../onnx/graph.ts";
import { conv, matMul, resizeNearest, sub } from "../../onnx/ops.ts";
import { depthToSpace } from "../../onnx/pixel-ops.ts";
import { concat, padZeros, reshape, slice } from "../../onnx/shape-ops.ts";
import type { LayerContext } from "./layer-context.ts";
import { derivedWeight } from "./layer-context.ts";

const HEIGHT = 2;
const WIDTH = 3;

/** Of one axis: what each product's kernel is made of the taps. Products of both axes are those of the rows times the columns'. */
const KERNEL = [
  [-1, 0, 0],
  [1, 1, 1],
  [0, 0, 1],
];
const AXIS_PRODUCTS = KERNEL.length;
const PRODUCTS = AXIS_PRODUCTS ** 2;
/** Of one axis: the products that the first and the second output are the sum of. */
const OUTPUT = [
  [1, 1, 0],
  [0, 1, 1],
];
const PHASES = OUTPUT.length ** 2;
/** The only product that all outputs hold: a bias added to it reaches each once. */
const BIAS_PRODUCT = 4;

// Measured from this many channels on. Products take over twice the memory of the result, so large ones are made the plain way, as
// in row-winograd.ts.
const MIN_CHANNELS = 16;
const MAX_RESULT_BYTES = 64 * 2 ** 20;

/** Whether x, doubled, should be convolved this way; its convolution keeps the channels. */
export function fitsDoublingConvolution(x: Value): boolean {
  const resultBytes = 4 * PHASES * elementCount(x.shape);
  return x.dtype === "float32" && x.shape[1] >= MIN_CHANNELS && resultBytes <= MAX_RESULT_BYTES;
}

/** x [n, channels, h, w] → [n, channels, 2h, 2w] */
export function doublingConvolution(c: LayerContext, key: string, x: Value): Value {
  const { graph } = c;
  const [batch, channels, height, width] = x.shape;
  const alongRows = axisInputs(c, key, x, HEIGHT);
  const inputs = alongRows.flatMap((part) => axisInputs(c, key, part, WIDTH));
  const products = conv(
    graph,
    key,
    concat(graph, key, inputs, 1),
    derivedWeight(c, `${key}.weight`, [channels, channels, 3, 3], {
      name: "doubling",
      shape: [PRODUCTS * channels, channels, 1, 1],
      derive: transformKernel,
    }),
    derivedWeight(c, `${key}.bias`, [channels], {
      name: "doubling",
      shape: [PRODUCTS * channels],
      derive: placeBias,
    }),
    { stride: 1, pads: [0, 0, 0, 0], groups: PRODUCTS },
  );
  const sums = OUTPUT.flatMap((row) => OUTPUT.map((column) => row.flatMap((a) => column.map((b) => a * b))));
  const outputs = matMul(
    graph,
    key,
    graph.constant("float32", [PHASES, PRODUCTS], sums.flat()),
    reshape(graph, key, products, [batch, PRODUCTS, channels * height * width]),
  );
  const doubled = depthToSpace(
    graph,
    key,
    reshape(graph, key, outputs, [batch, PHASES * channels, height, width]),
    2,
    "DCR",
  );
  if (!c.slots) return doubled;
  const enlarged = resizeNearest(graph, key, x, 2 * height, 2 * width);
  return c.slots.convolution(`${key}.weight`, enlarged, doubled, 3, { stride: 1, pads: [1, 1, 1, 1] });
}

/** What the three products of an axis are of: differences to the pixel before, the pixels, differences to the pixel behind. */
function axisInputs({ graph }: LayerContext, key: string, x: Value, axis: number): readonly Value[] {
  const extent = x.shape[axis];
  const part = (of: Value, start: number, length: number): Value =>
    slice(graph, key, of, { axis, start, step: 1, extent: length });
  const padded = padZeros(graph, key, x, { axis, before: 1, after: 1 });
  const differences = sub(graph, key, part(padded, 1, extent + 1), part(padded, 0, extent + 1));
  return [part(differences, 0, extent), x, part(differences, 1, extent)];
}

/** [out, in, 3, 3] → [9, out, in] */
function transformKernel(kernel: Float32Array): Float32Array<ArrayBuffer> {
  const planes = kernel.length / 9;
  const transformed = new Float32Array(PRODUCTS * planes);
  KERNEL.forEach((rows, i) =>
    KERNEL.forEach((columns, j) => {
      const factors = rows.flatMap((row) => columns.map((column) => row * column));
      for (let plane = 0; plane < planes; plane++) {
        let sum = 0;
        for (let tap = 0; tap < 9; tap++) sum += factors[tap] * kernel[plane * 9 + tap];
        transformed[(i * AXIS_PRODUCTS + j) * planes + plane] = sum;
      }
    }),
  );
  return transformed;
}

/** [out] → [9, out] with zeros but for one row. */
function placeBias(bias: Float32Array): Float32Array<ArrayBuffer> {
  const placed = new Float32Array(PRODUCTS * bias.length);
  placed.set(bias, BIAS_PRODUCT * bias.length);
  return placed;
}
