// CLIP's text transformer as a graph: token ids to the hidden states that the UNet is conditioned on, and to the pooled
// prompt where the family has one. Tokenising is prompt/'s job; emphasis is applied to the result.

import { gelu, quickGelu } from "../onnx/fused-ops.ts";
import { GraphBuilder } from "../onnx/graph-builder.ts";
import type { Value } from "../onnx/graph.ts";
import { add, argMax, cast, gemm, matMul, mul } from "../onnx/ops.ts";
import { gather, reshape } from "../onnx/shape-ops.ts";
import type { Checkpoint } from "../weights/checkpoint.ts";
import type { GraphAdapters } from "./adapters/graph-adapters.ts";
import type { Dialect } from "./dialects.ts";
import { attention, clipAttentionNames, openClipAttentionNames } from "./layers/attention.ts";
import { AdapterSlots, type AdaptableModel } from "./layers/adapter-slots.ts";
import type { LayerContext } from "./layers/layer-context.ts";
import { weight } from "./layers/layer-context.ts";
import { layerNorm } from "./layers/layer-norm.ts";
import { linear } from "./layers/linear.ts";
import type { TextEncoderConfig } from "./model-config.ts";
import { textEncoderNames } from "./text-encoder-names.ts";

export interface TextEncoderOptions {
  readonly dialect: Dialect;
  /**
   * 1 uses every layer that the family uses, N leaves out the last N - 1 of all layers, if those are more than the family
   * leaves out anyway. The final norm is the family's choice, whichever layer is the last.
   */
  readonly clipSkip: number;
  /**
   * Take vectors in the place of tokens: inputs `vectors` [tokens, width], which are added, and `kept` [tokens, 1], by which
   * the tokens' own are multiplied. Textual inversion; one graph serves prompts with and without it.
   */
  readonly replaceable?: boolean;
  readonly adapters?: GraphAdapters;
}

const ACTIVATIONS = {
  quick_gelu: (c: LayerContext, key: string, x: Value) => quickGelu(c.graph, key, x, 1.702),
  gelu: (c: LayerContext, key: string, x: Value) => gelu(c.graph, key, x),
} as const;

// ids ─ token embedding ─ (× kept + vectors) ─ + position ─ layers ─ (final norm) ── hidden
//                                        └─ left-out layers ─ final norm ─ row of the end token ─ projection ── pooled
export function buildTextEncoder(
  checkpoint: Checkpoint,
  config: TextEncoderConfig,
  options: TextEncoderOptions,
): AdaptableModel {
  const { dialect, clipSkip, replaceable = false, adapters } = options;
  const { prefix, width, maxTokens } = config;
  const names = textEncoderNames[config.layout];
  const dtype = dialect.precision;
  const graph = new GraphBuilder("text-encoder");
  const slots = adapters?.slots ? new AdapterSlots(graph) : undefined;
  const c: LayerContext = { graph, checkpoint, dialect, merged: adapters?.merged, slots };

  const ids = graph.input("input_ids", "int32", [1, maxTokens]);
  const tokenKey = prefix + names.tokenEmbedding;
  const table = weight(c, tokenKey, { dtype, shape: [config.vocabulary, width] });
  const looked = reshape(graph, tokenKey, gather(graph, tokenKey, table, ids), [maxTokens, width]);
  const tokens = replaceable ? withReplacements(c, tokenKey, looked) : looked;
  const positionKey = prefix + names.positionEmbedding;
  let x = add(graph, positionKey, tokens, weight(c, positionKey, { dtype, shape: [maxTokens, width] }));

  const used = Math.max(1, config.layers - Math.max(config.leftOutLayers, clipSkip - 1));
  const runLayers = (from: number, to: number): void => {
    for (let layer = from; layer < to; layer++)
      x = clipLayer(c, `${prefix}${names.layers}.${layer}`, x, config);
  };
  const normKey = prefix + names.finalNorm;
  runLayers(0, used);
  const hidden = config.finalNorm ? layerNorm(c, normKey, x) : x;
  const shaped = reshape(graph, "hidden", hidden, [1, maxTokens, width]);
  graph.output("hidden", cast(graph, "hidden", shaped, "float32"));

  if (config.pooling) {
    runLayers(used, config.layers);
    const pooled = pool(c, config, ids, layerNorm(c, normKey, x));
    graph.output("pooled", cast(graph, "pooled", pooled, "float32"));
  }
  return { ...graph.build(), adapterPacks: slots?.packs ?? [] };
}

function withReplacements(c: LayerContext, path: string, tokens: Value): Value {
  const { graph } = c;
  const [count, width] = tokens.shape;
  const input = (name: string, columns: number): Value =>
    cast(graph, `${path}/${name}`, graph.input(name, "float32", [count, columns]), tokens.dtype);
  return add(graph, path, mul(graph, path, tokens, input("kept", 1)), input("vectors", width));
}

/** [tokens, width] → [1, pooled]: the end token, which has the largest id, is the one that has seen the whole prompt. */
function pool(c: LayerContext, config: TextEncoderConfig, ids: Value, x: Value): Value {
  const { graph } = c;
  const { layout, width, pooling } = config;
  if (!pooling) throw new Error("this text encoder does not pool");
  const { key } = pooling;
  const end = cast(graph, key, argMax(graph, key, ids), "int32");
  const row = gather(graph, key, x, end);
  const { dtype } = x;
  return layout === "open-clip"
    ? matMul(graph, key, row, weight(c, key, { dtype, shape: [width, pooling.width] }))
    : gemm(graph, key, row, weight(c, key, { dtype, shape: [pooling.width, width] }));
}

// x ─┬─ norm 1 ─ causal attention ─ (+) ─┬─ norm 2 ─ MLP in ─ activation ─ MLP out ─ (+) ── out
//    └───────────────────────────────┘   └──────────────────────────────────────────┘
function clipLayer(c: LayerContext, key: string, x: Value, config: TextEncoderConfig): Value {
  const { graph } = c;
  const names = textEncoderNames[config.layout];
  const options = {
    names: names.fusedProjections ? openClipAttentionNames : clipAttentionNames,
    batch: 1,
    heads: config.heads,
    causal: true,
  };
  const attentionKey = `${key}.${names.attention}`;
  const normalized = layerNorm(c, `${key}.${names.norm1}`, x);
  x = add(graph, attentionKey, x, attention(c, attentionKey, normalized, normalized, options));
  const inner = linear(c, `${key}.${names.mlpIn}`, layerNorm(c, `${key}.${names.norm2}`, x), config.mlpWidth);
  const activated = ACTIVATIONS[config.activation](c, `${key}.mlp`, inner);
  return add(graph, `${key}.mlp`, x, linear(c, `${key}.${names.mlpOut}`, activated, config.width));
}
