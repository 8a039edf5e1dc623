// Operators of ai.onnx that compute nothing: they give elements another shape or order, take some of them, or put values side by
// side. Those that compute are in ops.ts.

import type { GraphBuilder } from "./graph-builder.ts";
import type { Value } from "./graph.ts";
import { describe, elementCount, int, ints, sameShape, string } from "./graph.ts";
import { requireShape, sameType } from "./ops.ts";

/** The same elements as `shape`; nothing is moved. */
export function reshape(g: GraphBuilder, path: string, x: Value, shape: readonly number[]): Value {
  if (sameShape(x.shape, shape)) return x;
  requireShape(
    elementCount(x.shape) === elementCount(shape),
    `${path}/Reshape`,
    `as many elements as [${shape.join(", ")}]`,
    x,
  );
  const target = g.constant("int64", [shape.length], shape);
  return g.node({ path, opType: "Reshape", inputs: [x, target], outputs: [{ dtype: x.dtype, shape }] })[0];
}

/** Like reshape, with one extent left open: it is what the others leave, 1 while building. */
export function reshapeRest(
  g: GraphBuilder,
  path: string,
  x: Value,
  shape: readonly (number | undefined)[],
): Value {
  const target = g.constant(
    "int64",
    [shape.length],
    shape.map((extent) => extent ?? -1),
  );
  const built = shape.map((extent) => extent ?? 1);
  return g.node({
    path,
    opType: "Reshape",
    inputs: [x, target],
    outputs: [{ dtype: x.dtype, shape: built }],
  })[0];
}

export function transpose(g: GraphBuilder, path: string, x: Value, permutation: readonly number[]): Value {
  requireShape(permutation.length === x.shape.length, `${path}/Transpose`, `rank ${permutation.length}`, x);
  return g.node({
    path,
    opType: "Transpose",
    inputs: [x],
    attributes: { perm: ints(permutation) },
    outputs: [{ dtype: x.dtype, shape: permutation.map((axis) => x.shape[axis]) }],
  })[0];
}

export function concat(g: GraphBuilder, path: string, values: readonly Value[], axis: number): Value {
  sameType(path, "Concat", values);
  const [first, ...rest] = values;
  for (const value of rest) {
    const fits =
      value.shape.length === first.shape.length &&
      value.shape.every((n, i) => i === axis || n === first.shape[i]);
    requireShape(fits, `${path}/Concat`, `the shape of ${describe(first)} but for axis ${axis}`, value);
  }
  const extent = values.reduce((sum, value) => sum + value.shape[axis], 0);
  return g.node({
    path,
    opType: "Concat",
    inputs: values,
    attributes: { axis: int(axis) },
    outputs: [{ dtype: first.dtype, shape: first.shape.with(axis, extent) }],
  })[0];
}

export function split(
  g: GraphBuilder,
  path: string,
  x: Value,
  axis: number,
  extents: readonly number[],
): Value[] {
  const total = extents.reduce((sum, extent) => sum + extent, 0);
  requireShape(total === x.shape[axis], `${path}/Split`, `${total} on axis ${axis}`, x);
  return g.node({
    path,
    opType: "Split",
    inputs: [x, g.constant("int64", [extents.length], extents)],
    attributes: { axis: int(axis) },
    outputs: extents.map((extent) => ({ dtype: x.dtype, shape: x.shape.with(axis, extent) })),
  });
}

export interface SliceRange {
  readonly axis: number;
  readonly start: number;
  readonly step: number;
  /** Of the result. */
  readonly extent: number;
}

export function slice(
  g: GraphBuilder,
  path: string,
  x: Value,
  { axis, start, step, extent }: SliceRange,
): Value {
  const last = start + (extent - 1) * step;
  requireShape(last < x.shape[axis], `${path}/Slice`, `more than ${last} on axis ${axis}`, x);
  const scalar = (value: number): Value => g.constant("int64", [1], [value]);
  return g.node({
    path,
    opType: "Slice",
    inputs: [x, scalar(start), scalar(last + 1), scalar(axis), scalar(step)],
    outputs: [{ dtype: x.dtype, shape: x.shape.with(axis, extent) }],
  })[0];
}

/** Zeros before and after x on one axis. */
export function padZeros(
  g: GraphBuilder,
  path: string,
  x: Value,
  { axis, before, after }: { axis: number; before: number; after: number },
): Value {
  const rank = x.shape.length;
  const amounts = new Array<number>(2 * rank)
    .fill(0)
    .with(axis, before)
    .with(rank + axis, after);
  return g.node({
    path,
    opType: "Pad",
    inputs: [x, g.constant("int64", [2 * rank], amounts)],
    attributes: { mode: string("constant") },
    outputs: [{ dtype: x.dtype, shape: x.shape.with(axis, before + x.shape[axis] + after) }],
  })[0];
}

/** Rows of `table` [rows, width] by `ids` of any shape → [...ids, width]. */
export function gather(g: GraphBuilder, path: string, table: Value, ids: Value): Value {
  requireShape(table.shape.length === 2, `${path}/Gather`, "a table [rows, width]", table);
  requireShape(ids.dtype === "int32", `${path}/Gather`, "int32 ids", ids);
  return g.node({
    path,
    opType: "Gather",
    inputs: [table, ids],
    attributes: { axis: int(0) },
    outputs: [{ dtype: table.dtype, shape: [...ids.shape, table.shape[1]] }],
  })[0];
}
