// The UNet's transformer over a feature map's pixels as tokens, attending to themselves and to the conditioning.

import type { Value } from "../../onnx/graph.ts";
import { add } from "../../onnx/ops.ts";
import { attention, unetAttentionNames, type KeysAndValues } from "./attention.ts";
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

/** The conditioning [n · tokens, width], or what each block makes of it, by the key of its attention to it. */
export type TransformerContext = Value | ReadonlyMap<string, KeysAndValues>;

/** One entry per block: its own key and that of its attention to the conditioning. */
export function transformerBlockKeys(
  key: string,
  depth: number,
): readonly { readonly block: string; readonly toPrompt: string }[] {
  return Array.from({ length: depth }, (_, index) => {
    const block = `${key}.transformer_blocks.${index}`;
    return { block, toPrompt: `${block}.attn2` };
  });
}

// x [n, c, h, w] ─┬─ GroupNorm ─ tokens ─ proj_in ─ depth × block ─ proj_out ─ map ─ (+) ── out
//                 └────────────────────────────────────────────────────────────────┘
// proj_in and proj_out are 1x1 convolutions in SD 1.x and Linear later; over tokens both are the same Gemm.
export function spatialTransformer(
  c: LayerContext,
  key: string,
  x: Value,
  context: TransformerContext,
  { depth, heads, groups }: SpatialTransformerOptions,
): Value {
  const [batch, channels] = x.shape;
  const normalized = groupNorm(c, `${key}.norm`, x, { groups, epsilon: NORM_EPSILON });
  let tokens = linear(c, `${key}.proj_in`, toTokens(c, key, normalized), channels);
  for (const { block, toPrompt } of transformerBlockKeys(key, depth)) {
    const attended = "get" in context ? context.get(toPrompt)! : context;
    tokens = transformerBlock(c, block, tokens, attended, batch, heads);
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
  context: Value | KeysAndValues,
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
