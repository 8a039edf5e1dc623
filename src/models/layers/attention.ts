// Multi-head attention with its four projections, for the UNet's transformers and for CLIP: one body, a table of names each.

import { multiHeadAttention } from "../../onnx/fused-ops.ts";
import type { Value } from "../../onnx/graph.ts";
import { reshape } from "../../onnx/ops.ts";
import type { LayerContext } from "./layer-context.ts";
import { linear } from "./linear.ts";

export interface AttentionNames {
  readonly query: string;
  readonly key: string;
  readonly value: string;
  readonly out: string;
  /** Whether query, key and value have biases; the output projection always has one. */
  readonly bias: boolean;
  /** Query, key and value are the thirds, in this order, of one published tensor, whose rows are used where they lie. */
  readonly fused?: boolean;
}

export const unetAttentionNames: AttentionNames = {
  query: "to_q",
  key: "to_k",
  value: "to_v",
  out: "to_out.0",
  bias: false,
};

export const clipAttentionNames: AttentionNames = {
  query: "q_proj",
  key: "k_proj",
  value: "v_proj",
  out: "out_proj",
  bias: true,
};

export const openClipAttentionNames: AttentionNames = {
  query: "in_proj",
  key: "in_proj",
  value: "in_proj",
  out: "out_proj",
  bias: true,
  fused: true,
};

export interface AttentionOptions {
  readonly names: AttentionNames;
  readonly batch: number;
  readonly heads: number;
  readonly causal: boolean;
}

// x ─────── q ─┐
// context ┬ k ─┼─ MultiHeadAttention ── out        x [n · tokens, width], context [n · other tokens, any width]
//         └ v ─┘
export function attention(
  c: LayerContext,
  key: string,
  x: Value,
  context: Value,
  options: AttentionOptions,
): Value {
  const { graph } = c;
  const { names, batch, heads, causal } = options;
  const width = x.shape[1];
  const project = (third: number, name: string, source: Value): Value => {
    const path = `${key}.${name}`;
    const projected = names.fused
      ? linear(c, path, source, 3 * width, {
          bias: names.bias,
          rows: [third * width, (third + 1) * width],
          separator: "_",
        })
      : linear(c, path, source, width, { bias: names.bias });
    return reshape(graph, path, projected, [batch, source.shape[0] / batch, width]);
  };
  const attended = multiHeadAttention(
    graph,
    key,
    project(0, names.query, x),
    project(1, names.key, context),
    project(2, names.value, context),
    { heads, causal },
  );
  return linear(c, `${key}.${names.out}`, reshape(graph, key, attended, x.shape), width);
}
