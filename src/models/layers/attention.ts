// Multi-head attention with its four projections, for the UNet's transformers and for CLIP: one body, a table of names each.

import { multiHeadAttention } from "../../onnx/fused-ops.ts";
import type { Value } from "../../onnx/graph.ts";
import type { GraphBuilder } from "../../onnx/graph-builder.ts";
import { matMul, mul, softmax } from "../../onnx/ops.ts";
import { concat, reshape, split, transpose } from "../../onnx/shape-ops.ts";
import { attentionRows } from "../attention-rows.ts";
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

/** What is attended to, projected already: [n, tokens, width] each. */
export interface KeysAndValues {
  readonly keys: Value;
  readonly values: Value;
}

// x ─────── q ─┐
// context ┬ k ─┼─ MultiHeadAttention ── out        x [n · tokens, width], context [n · other tokens, any width]
//         └ v ─┘
export function attention(
  c: LayerContext,
  key: string,
  x: Value,
  context: Value | KeysAndValues,
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
  const queries = project(0, names.query, x);
  const { keys, values } =
    "keys" in context
      ? context
      : { keys: project(1, names.key, context), values: project(2, names.value, context) };
  const attended = inRows(c, key, queries, keys, heads).map((rows) =>
    causal || c.dialect.fusedAttention
      ? multiHeadAttention(graph, key, rows, keys, values, { heads, causal })
      : writtenOut(graph, key, rows, { keys, values }, heads),
  );
  const joined = attended.length === 1 ? attended[0] : concat(graph, key, attended, 1);
  return linear(c, `${key}.${names.out}`, reshape(graph, key, joined, x.shape), width);
}

/** The queries in pieces that the device can take. Causal attention is too short to be in more than one. */
function inRows(c: LayerContext, key: string, query: Value, keys: Value, heads: number): readonly Value[] {
  const [, queries, width] = query.shape;
  const shape = { headWidth: width / heads, queries, keys: keys.shape[1] };
  const rows = attentionRows(shape, c.dialect.maxAttentionWork);
  if (rows === queries) return [query];
  const extents = Array.from({ length: Math.ceil(queries / rows) }, (_, i) =>
    Math.min(rows, queries - i * rows),
  );
  return split(c.graph, key, query, 1, extents);
}

// q · 1/√d ── by heads ─┐
// k ── by heads, turned ─ MatMul ─ Softmax ─┐
// v ── by heads ────────────────────────── MatMul ── heads side by side ── out
function writtenOut(
  g: GraphBuilder,
  key: string,
  queries: Value,
  { keys, values }: KeysAndValues,
  heads: number,
): Value {
  const width = queries.shape[2] / heads;
  const byHead = (x: Value, order: readonly number[]): Value =>
    transpose(g, key, reshape(g, key, x, [x.shape[0], x.shape[1], heads, width]), order);
  const scaled = mul(g, key, queries, g.constant(queries.dtype, [1], [width ** -0.5]));
  const scores = matMul(g, key, byHead(scaled, [0, 2, 1, 3]), byHead(keys, [0, 2, 3, 1]));
  const attended = matMul(g, key, softmax(g, key, scores), byHead(values, [0, 2, 1, 3]));
  return reshape(g, key, transpose(g, key, attended, [0, 2, 1, 3]), queries.shape);
}
