// CLIP's text transformer as a graph: token ids to the hidden states that the UNet is conditioned on.
// Tokenising is prompt/'s job; emphasis is applied to the result.

import { gelu, quickGelu } from "../onnx/fused-ops.ts";
import { GraphBuilder } from "../onnx/graph-builder.ts";
import type { Value } from "../onnx/graph.ts";
import type { OnnxModel } from "../onnx/onnx-model.ts";
import { add, cast, gather, reshape } from "../onnx/ops.ts";
import type { Checkpoint } from "../weights/checkpoint.ts";
import type { Dialect } from "./dialects.ts";
import { attention, clipAttentionNames } from "./layers/attention.ts";
import type { LayerContext } from "./layers/layer-context.ts";
import { weight } from "./layers/layer-context.ts";
import { layerNorm } from "./layers/layer-norm.ts";
import { linear } from "./layers/linear.ts";
import type { TextEncoderConfig } from "./model-config.ts";

export interface TextEncoderOptions {
  readonly dialect: Dialect;
  /** 1 uses every layer, 2 leaves out the last one, and so on; the final norm is always applied. */
  readonly clipSkip: number;
}

const ACTIVATIONS = {
  quick_gelu: (c: LayerContext, key: string, x: Value) => quickGelu(c.graph, key, x, 1.702),
  gelu: (c: LayerContext, key: string, x: Value) => gelu(c.graph, key, x),
} as const;

// ids ─ token embedding ─ + position ─ layers ─ final norm ── hidden
export function buildTextEncoder(
  checkpoint: Checkpoint,
  config: TextEncoderConfig,
  options: TextEncoderOptions,
): OnnxModel {
  const { dialect, clipSkip } = options;
  const { prefix, width, maxTokens } = config;
  const dtype = dialect.precision;
  const graph = new GraphBuilder("text-encoder");
  const c: LayerContext = { graph, checkpoint, dialect };

  const ids = graph.input("input_ids", "int32", [1, maxTokens]);
  const tokenKey = `${prefix}embeddings.token_embedding`;
  const table = weight(c, `${tokenKey}.weight`, { dtype, shape: [config.vocabulary, width] });
  const tokens = reshape(graph, tokenKey, gather(graph, tokenKey, table, ids), [maxTokens, width]);
  const positionKey = `${prefix}embeddings.position_embedding`;
  let x = add(
    graph,
    positionKey,
    tokens,
    weight(c, `${positionKey}.weight`, { dtype, shape: [maxTokens, width] }),
  );

  const layers = Math.max(1, config.layers - (clipSkip - 1));
  for (let layer = 0; layer < layers; layer++)
    x = clipLayer(c, `${prefix}encoder.layers.${layer}`, x, config);

  const normKey = `${prefix}final_layer_norm`;
  const hidden = reshape(graph, normKey, layerNorm(c, normKey, x), [1, maxTokens, width]);
  graph.output("hidden", cast(graph, normKey, hidden, "float32"));
  return graph.build();
}

// x ─┬─ layer_norm1 ─ causal attention ─ (+) ─┬─ layer_norm2 ─ fc1 ─ activation ─ fc2 ─ (+) ── out
//    └────────────────────────────────────┘   └─────────────────────────────────────────┘
function clipLayer(c: LayerContext, key: string, x: Value, config: TextEncoderConfig): Value {
  const { graph } = c;
  const options = { names: clipAttentionNames, batch: 1, heads: config.heads, causal: true };
  const normalized = layerNorm(c, `${key}.layer_norm1`, x);
  x = add(graph, `${key}.self_attn`, x, attention(c, `${key}.self_attn`, normalized, normalized, options));
  const inner = linear(c, `${key}.mlp.fc1`, layerNorm(c, `${key}.layer_norm2`, x), config.mlpWidth);
  const activated = ACTIVATIONS[config.activation](c, `${key}.mlp`, inner);
  return add(graph, `${key}.mlp`, x, linear(c, `${key}.mlp.fc2`, activated, config.width));
}
