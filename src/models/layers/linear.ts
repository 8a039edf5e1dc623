// A torch.nn.Linear, or a 1x1 convolution used as one. Not a general matrix product.

import type { Value } from "../../onnx/graph.ts";
import { gemm } from "../../onnx/ops.ts";
import type { LayerContext } from "./layer-context.ts";
import { weight } from "./layer-context.ts";

export interface LinearOptions {
  readonly bias?: boolean;
  /** Only these outputs: rows of the published weight and bias. */
  readonly rows?: readonly [start: number, end: number];
  /** Between the key and "weight" or "bias"; torch.nn.MultiheadAttention's own projection has "_". */
  readonly separator?: "." | "_";
}

/** x [rows, in] → [rows, out]. The weight goes in as published, so that nothing of its size is ever folded or copied. */
export function linear(
  c: LayerContext,
  key: string,
  x: Value,
  out: number,
  options: LinearOptions = {},
): Value {
  const { bias = true, rows, separator = "." } = options;
  const { dtype } = x;
  const weightKey = `${key}${separator}weight`;
  const addend = bias ? weight(c, `${key}${separator}bias`, { dtype, shape: [out], rows }) : undefined;
  return gemm(
    c.graph,
    key,
    x,
    weight(c, weightKey, { dtype, shape: [out, x.shape[1]], rows }),
    c.slots ? c.slots.linear(weightKey, x, rows ?? [0, out], addend) : addend,
  );
}
