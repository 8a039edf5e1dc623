// Fused operators of ONNX Runtime (domain com.microsoft), one function each. The runtime does not form them by itself on
// every device, so graphs name them. Not every device has each: models/dialects.ts says which.

import type { GraphBuilder } from "./graph-builder.ts";
import type { Value } from "./graph.ts";
import { float, int, sameShape } from "./graph.ts";
import { requireShape } from "./ops.ts";

/** x · sigmoid(alpha · x): alpha 1.702 is CLIP's quick GELU, alpha 1 is SiLU. */
export function quickGelu(g: GraphBuilder, path: string, x: Value, alpha: number): Value {
  return g.node({
    path,
    opType: "QuickGelu",
    domain: "com.microsoft",
    inputs: [x],
    attributes: { alpha: float(alpha) },
    outputs: [x],
  })[0];
}

/** x · sigmoid(x) */
export const silu = (g: GraphBuilder, path: string, x: Value): Value => quickGelu(g, path, x, 1);

/** The exact (erf) GELU. */
export function gelu(g: GraphBuilder, path: string, x: Value): Value {
  return g.node({ path, opType: "Gelu", domain: "com.microsoft", inputs: [x], outputs: [x] })[0];
}

/** x [n, tokens, 2d] plus bias [2d], then first half · gelu(second half) → [n, tokens, d]. */
export function biasSplitGelu(g: GraphBuilder, path: string, x: Value, bias: Value): Value {
  const width = x.shape[2];
  requireShape(x.shape.length === 3 && width % 2 === 0, `${path}/BiasSplitGelu`, "x [n, tokens, 2d]", x);
  requireShape(sameShape(bias.shape, [width]), `${path}/BiasSplitGelu`, `bias [${width}]`, bias);
  return g.node({
    path,
    opType: "BiasSplitGelu",
    domain: "com.microsoft",
    inputs: [x, bias],
    outputs: [{ dtype: x.dtype, shape: x.shape.with(2, width / 2) }],
  })[0];
}

export interface MultiHeadAttentionOptions {
  readonly heads: number;
  /** Each token sees itself and the tokens before it. */
  readonly causal: boolean;
}

/** softmax(q · kᵀ / √d) · v per head. query [n, tokens, width], key and value [n, other tokens, width] → like query. */
export function multiHeadAttention(
  g: GraphBuilder,
  path: string,
  query: Value,
  key: Value,
  value: Value,
  { heads, causal }: MultiHeadAttentionOptions,
): Value {
  const where = `${path}/MultiHeadAttention`;
  const width = query.shape[2];
  requireShape(
    query.shape.length === 3 && width % heads === 0,
    where,
    `[n, tokens, a multiple of ${heads}]`,
    query,
  );
  requireShape(
    sameShape(key.shape, [query.shape[0], key.shape[1], width]),
    where,
    `[n, tokens, ${width}]`,
    key,
  );
  requireShape(sameShape(value.shape, key.shape), where, "the shape of key", value);
  return g.node({
    path,
    opType: "MultiHeadAttention",
    domain: "com.microsoft",
    inputs: [query, key, value],
    attributes: { num_heads: int(heads), ...(causal ? { unidirectional: int(1) } : {}) },
    outputs: [query],
  })[0];
}
