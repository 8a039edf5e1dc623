// The UNet's transformer over a feature map's pixels as tokens, attending to themselves and to the conditioning.

import type { Value } from "../../onnx/graph.ts";
import { add } from "../../onnx/ops.ts";
import { attention, unetAttentionNames } from "./attention.ts";
import { feedForward } from "./feed-forward.ts";
import { groupNorm } from "./group-norm.ts";
import type { LayerContext } from "./layer-context.ts";
import { layerNorm } from "./layer-norm.ts";
import { linear } from "./linear.ts";
import { fromTokens, toTokens } from "./tokens.ts";

export interface SpatialTransformerOptions {
  readonly depth: number;
  readonly heads: number;
  readonly groups: number;
}

const NORM_EPSILON = 1e-6;

// x [n, c, h, w] ─┬─ GroupNorm ─ tokens ─ proj_in ─ depth × block ─ proj_out ─ map ─ (+) ── out
//                 └────────────────────────────────────────────────────────────────┘
// proj_in and proj_out are 1x1 convolutions in SD 1.x and Linear later; over tokens both are the same Gemm.
export function spatialTransformer(
  c: LayerContext,
  key: string,
  x: Value,
  context: Value,
  { depth, heads, groups }: SpatialTransformerOptions,
): Value {
  const [batch, channels] = x.shape;
  const normalized = groupNorm(c, `${key}.norm`, x, { groups, epsilon: NORM_EPSILON });
  let tokens = linear(c, `${key}.proj_in`, toTokens(c, key, normalized), channels);
  for (let block = 0; block < depth; block++) {
    tokens = transformerBlock(c, `${key}.transformer_blocks.${block}`, tokens, context, batch, heads);
  }
  const projected = linear(c, `${key}.proj_out`, tokens, channels);
  return add(c.graph, key, x, fromTokens(c, key, projected, x.shape));
}

// x ─┬─ norm1 ─ self-attention ─ (+) ─┬─ norm2 ─ cross-attention ─ (+) ─┬─ norm3 ─ feed-forward ─ (+) ── out
//    └────────────────────────────┘   └────────────────────────────┘    └──────────────────────────┘
function transformerBlock(
  c: LayerContext,
  key: string,
  x: Value,
  context: Value,
  batch: number,
  heads: number,
): Value {
  const options = { names: unetAttentionNames, batch, heads, causal: false };
  const normalized = layerNorm(c, `${key}.norm1`, x);
  x = add(c.graph, `${key}.attn1`, x, attention(c, `${key}.attn1`, normalized, normalized, options));
  x = add(
    c.graph,
    `${key}.attn2`,
    x,
    attention(c, `${key}.attn2`, layerNorm(c, `${key}.norm2`, x), context, options),
  );
  return add(c.graph, `${key}.ff`, x, feedForward(c, `${key}.ff`, layerNorm(c, `${key}.norm3`, x)));
}
