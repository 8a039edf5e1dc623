// The operators of ai.onnx that networks compute with, one function each, with the shape of every result. Static shapes only. What
// only moves elements is shape-ops.ts, what only pixels need pixel-ops.ts, the runtime's fused operators fused-ops.ts; composite
// layers belong to models/layers/.

import type { GraphBuilder } from "./graph-builder.ts";
import type { Value } from "./graph.ts";
import { describe, float, int, ints, sameShape, string } from "./graph.ts";
import { GraphError } from "./graph-error.ts";
import { elementType } from "./model-proto.ts";
import type { OnnxDType } from "./onnx-model.ts";

/** Throws unless `ok`; `where` names the layer. */
export function requireShape(ok: boolean, where: string, expected: string, got: Value): void {
  if (!ok) throw new GraphError({ where, expected, got: `${got.name}: ${describe(got)}` });
}

/** Throws unless all have the dtype of the first. */
export function sameType(path: string, opType: string, values: readonly Value[]): void {
  const [first, ...rest] = values;
  for (const value of rest) {
    requireShape(
      value.dtype === first.dtype,
      `${path}/${opType}`,
      `${first.dtype} like ${first.name}`,
      value,
    );
  }
}

function unary(g: GraphBuilder, path: string, opType: string, x: Value): Value {
  return g.node({ path, opType, inputs: [x], outputs: [x] })[0];
}

export const cos = (g: GraphBuilder, path: string, x: Value): Value => unary(g, path, "Cos", x);
export const sin = (g: GraphBuilder, path: string, x: Value): Value => unary(g, path, "Sin", x);
export const tanh = (g: GraphBuilder, path: string, x: Value): Value => unary(g, path, "Tanh", x);
export const relu = (g: GraphBuilder, path: string, x: Value): Value => unary(g, path, "Relu", x);

function broadcast(path: string, a: Value, b: Value): number[] {
  const rank = Math.max(a.shape.length, b.shape.length);
  return Array.from({ length: rank }, (_, axis) => {
    const left = a.shape[axis - rank + a.shape.length] ?? 1;
    const right = b.shape[axis - rank + b.shape.length] ?? 1;
    requireShape(
      left === right || left === 1 || right === 1,
      path,
      `a shape that broadcasts with ${describe(a)}`,
      b,
    );
    return Math.max(left, right);
  });
}

function binary(g: GraphBuilder, path: string, opType: string, a: Value, b: Value): Value {
  sameType(path, opType, [a, b]);
  const shape = broadcast(`${path}/${opType}`, a, b);
  return g.node({ path, opType, inputs: [a, b], outputs: [{ dtype: a.dtype, shape }] })[0];
}

export const add = (g: GraphBuilder, path: string, a: Value, b: Value): Value => binary(g, path, "Add", a, b);
export const sub = (g: GraphBuilder, path: string, a: Value, b: Value): Value => binary(g, path, "Sub", a, b);
export const mul = (g: GraphBuilder, path: string, a: Value, b: Value): Value => binary(g, path, "Mul", a, b);

/** Runs one of two branches; `condition` is a bool [1]. Their results may differ in shape, so the caller says what it relies on. */
export function choose(
  g: GraphBuilder,
  path: string,
  condition: Value,
  branches: { readonly then: () => Value; readonly otherwise: () => Value },
): Value {
  const thenBranch = g.subgraph(`${path}/then`, branches.then);
  const elseBranch = g.subgraph(`${path}/else`, branches.otherwise);
  sameType(path, "If", [thenBranch.output, elseBranch.output]);
  return g.node({
    path,
    opType: "If",
    inputs: [condition],
    attributes: {
      then_branch: { kind: "graph", value: thenBranch },
      else_branch: { kind: "graph", value: elseBranch },
    },
    outputs: [thenBranch.output],
  })[0];
}

export const identity = (g: GraphBuilder, path: string, x: Value): Value => unary(g, path, "Identity", x);

export function cast(g: GraphBuilder, path: string, x: Value, dtype: OnnxDType): Value {
  if (x.dtype === dtype) return x;
  return g.node({
    path,
    opType: "Cast",
    inputs: [x],
    attributes: { to: int(elementType(dtype)) },
    outputs: [{ dtype, shape: x.shape }],
  })[0];
}

/** A weight in another dtype, made again at every run right before its use; never kept. */
export function constantCast(g: GraphBuilder, path: string, weight: Value, dtype: OnnxDType): Value {
  return g.node({
    path,
    opType: "Cast",
    inputs: [weight],
    attributes: { to: int(elementType(dtype)) },
    outputs: [{ dtype, shape: weight.shape }],
    first: true,
  })[0];
}

/** Index of the largest element along the last axis, the first one where several are; the axis is dropped. */
export function argMax(g: GraphBuilder, path: string, x: Value): Value {
  return g.node({
    path,
    opType: "ArgMax",
    inputs: [x],
    attributes: { axis: int(-1), keepdims: int(0) },
    outputs: [{ dtype: "int64", shape: x.shape.slice(0, -1) }],
  })[0];
}

/** x [rows, in] · weight [out, in]ᵀ + bias, [out] or one for each row: a torch.nn.Linear with its weight as published. */
export function gemm(g: GraphBuilder, path: string, x: Value, weight: Value, bias?: Value): Value {
  sameType(path, "Gemm", [x, weight, ...(bias ? [bias] : [])]);
  const [rows, width] = x.shape;
  requireShape(x.shape.length === 2, `${path}/Gemm`, "x [rows, in]", x);
  requireShape(
    weight.shape.length === 2 && weight.shape[1] === width,
    `${path}/Gemm`,
    `weight [out, ${width}]`,
    weight,
  );
  const out = weight.shape[0];
  if (bias) {
    const fits = sameShape(bias.shape, [out]) || sameShape(bias.shape, [rows, out]);
    requireShape(fits, `${path}/Gemm`, `bias [${out}] or [${rows}, ${out}]`, bias);
  }
  return g.node({
    path,
    opType: "Gemm",
    inputs: bias ? [x, weight, bias] : [x, weight],
    attributes: { transB: int(1) },
    outputs: [{ dtype: x.dtype, shape: [rows, out] }],
  })[0];
}

/** a [..., m, k] · b [..., k, n] with the same leading axes, or one matrix a [m, k] for all of b. */
export function matMul(g: GraphBuilder, path: string, a: Value, b: Value): Value {
  sameType(path, "MatMul", [a, b]);
  const leading = b.shape.slice(0, -2);
  const [rows, inner] = a.shape.slice(-2);
  const [bInner, columns] = b.shape.slice(-2);
  const fits = inner === bInner && (a.shape.length === 2 || sameShape(a.shape.slice(0, -2), leading));
  requireShape(fits, `${path}/MatMul`, `a right operand for ${describe(a)}`, b);
  const shape = [...leading, rows, columns];
  return g.node({ path, opType: "MatMul", inputs: [a, b], outputs: [{ dtype: a.dtype, shape }] })[0];
}

/** Over the last axis. */
export function softmax(g: GraphBuilder, path: string, x: Value): Value {
  return g.node({ path, opType: "Softmax", inputs: [x], attributes: { axis: int(-1) }, outputs: [x] })[0];
}

export interface ConvOptions {
  readonly stride: number;
  /** Rows and columns of zeros: top, left, bottom, right. */
  readonly pads: readonly [top: number, left: number, bottom: number, right: number];
  /** Channels in this many groups that do not see each other. */
  readonly groups?: number;
}

/** x [n, in, h, w], weight [out, in / groups, kh, kw] → [n, out, h', w']. */
export function conv(
  g: GraphBuilder,
  path: string,
  x: Value,
  weight: Value,
  bias: Value | undefined,
  { stride, pads, groups = 1 }: ConvOptions,
): Value {
  const where = `${path}/Conv`;
  sameType(path, "Conv", [x, weight, ...(bias ? [bias] : [])]);
  requireShape(x.shape.length === 4, where, "x [n, channels, height, width]", x);
  const [batch, channels, height, width] = x.shape;
  const seen = channels / groups;
  const fits = weight.shape.length === 4 && weight.shape[1] === seen && weight.shape[0] % groups === 0;
  requireShape(fits, where, `weight [a multiple of ${groups}, ${seen}, kh, kw]`, weight);
  const [out, , kernelHeight, kernelWidth] = weight.shape;
  if (bias) requireShape(sameShape(bias.shape, [out]), where, `bias [${out}]`, bias);
  const [top, left, bottom, right] = pads;
  const extent = (size: number, kernel: number): number => Math.floor((size - kernel) / stride) + 1;
  return g.node({
    path,
    opType: "Conv",
    inputs: bias ? [x, weight, bias] : [x, weight],
    // All written out: some kernels misread the defaults.
    attributes: {
      kernel_shape: ints([kernelHeight, kernelWidth]),
      strides: ints([stride, stride]),
      pads: ints(pads),
      dilations: ints([1, 1]),
      group: int(groups),
    },
    outputs: [
      {
        dtype: x.dtype,
        shape: [
          batch,
          out,
          extent(height + top + bottom, kernelHeight),
          extent(width + left + right, kernelWidth),
        ],
      },
    ],
  })[0];
}

/** Nearest neighbour to [.., .., height, width], each output pixel taking the input pixel its corner lies in, as torch does. */
export function resizeNearest(g: GraphBuilder, path: string, x: Value, height: number, width: number): Value {
  requireShape(x.shape.length === 4, `${path}/Resize`, "x [n, channels, height, width]", x);
  const shape = [x.shape[0], x.shape[1], height, width];
  const scales = shape.map((extent, axis) => extent / x.shape[axis]);
  // Whole factors go as scales, which runtimes have fast kernels for; others as sizes, which leave nothing to rounding.
  const exact = scales.every(Number.isInteger);
  const target = exact ? g.constant("float32", [4], scales) : g.constant("int64", [4], shape);
  return g.node({
    path,
    opType: "Resize",
    inputs: exact ? [x, undefined, target] : [x, undefined, undefined, target],
    attributes: {
      mode: string("nearest"),
      coordinate_transformation_mode: string("asymmetric"),
      nearest_mode: string("floor"),
    },
    outputs: [{ dtype: x.dtype, shape }],
  })[0];
}

/** Over the last axis, with scale and bias [width]. */
export function layerNormalization(
  g: GraphBuilder,
  path: string,
  x: Value,
  scale: Value,
  bias: Value,
  epsilon: number,
): Value {
  sameType(path, "LayerNormalization", [x, scale, bias]);
  for (const value of [scale, bias]) {
    requireShape(
      sameShape(value.shape, x.shape.slice(-1)),
      `${path}/LayerNormalization`,
      `[${x.shape.at(-1)}]`,
      value,
    );
  }
  return g.node({
    path,
    opType: "LayerNormalization",
    inputs: [x, scale, bias],
    attributes: { axis: int(-1), epsilon: float(epsilon) },
    outputs: [x],
  })[0];
}

/** x [n, channels, ...], each channel of each item normalised by itself; scale and bias [channels]. */
export function instanceNormalization(
  g: GraphBuilder,
  path: string,
  x: Value,
  scale: Value,
  bias: Value,
  epsilon: number,
): Value {
  sameType(path, "InstanceNormalization", [x, scale, bias]);
  for (const value of [scale, bias]) {
    requireShape(
      sameShape(value.shape, [x.shape[1]]),
      `${path}/InstanceNormalization`,
      `[${x.shape[1]}]`,
      value,
    );
  }
  return g.node({
    path,
    opType: "InstanceNormalization",
    inputs: [x, scale, bias],
    attributes: { epsilon: float(epsilon) },
    outputs: [x],
  })[0];
}
