// The VAE's attention: one head as wide as all channels. Not MultiHeadAttention, whose WebGPU kernel needs 32 · tokens² bytes
// for a head this wide; written out instead, in chunks of query rows where the score matrix would be large.

import type { Value } from "../../onnx/graph.ts";
import { add, matMul, mul, softmax } from "../../onnx/ops.ts";
import { concat, reshape, split } from "../../onnx/shape-ops.ts";
import { convolution } from "./convolution.ts";
import { groupNorm } from "./group-norm.ts";
import type { LayerContext } from "./layer-context.ts";
import { linear } from "./linear.ts";
import { fromTokens, toTokens } from "./tokens.ts";

const NORM_EPSILON = 1e-6;
const BYTES_PER_SCORE = 4;

// x [n, c, h, w] ─┬─ GroupNorm ─┬─ tokens ─┬─ q · 1/√c ─┐
//                 │             │          │            MatMul ─ Softmax ─┐
//                 │             └─ k as [n, c, h·w] ────┘                 MatMul ─ proj_out ─ map ─ (+) ── out
//                 │                        └─ v ──────────────────────────┘                          │
//                 └──────────────────────────────────────────────────────────────────────────────────┘
export function vaeAttention(c: LayerContext, key: string, x: Value, groups: number): Value {
  const { graph } = c;
  const [batch, channels, height, width] = x.shape;
  const tokens = height * width;
  const normalized = groupNorm(c, `${key}.norm`, x, { groups, epsilon: NORM_EPSILON });
  const rows = toTokens(c, key, normalized);
  const project = (name: string): Value =>
    reshape(graph, `${key}.${name}`, linear(c, `${key}.${name}`, rows, channels), [batch, tokens, channels]);

  const scale = graph.constant(x.dtype, [1], [channels ** -0.5]);
  const query = mul(graph, `${key}.q`, project("q"), scale);
  // A convolution leaves k transposed, as the product with q needs it.
  const keys = reshape(graph, `${key}.k`, convolution(c, `${key}.k`, normalized, channels), [
    batch,
    channels,
    tokens,
  ]);
  const values = project("v");

  const chunkRows = Math.max(1, Math.floor(c.dialect.maxScoreBytes / (batch * tokens * BYTES_PER_SCORE)));
  const extents = Array.from({ length: Math.ceil(tokens / chunkRows) }, (_, i) =>
    Math.min(chunkRows, tokens - i * chunkRows),
  );
  const chunks = extents.length === 1 ? [query] : split(graph, key, query, 1, extents);
  const attended = chunks.map((chunk) =>
    matMul(graph, key, softmax(graph, key, matMul(graph, key, chunk, keys)), values),
  );
  const joined = attended.length === 1 ? attended[0] : concat(graph, key, attended, 1);

  const projected = linear(c, `${key}.proj_out`, reshape(graph, key, joined, rows.shape), channels);
  return add(graph, key, x, fromTokens(c, key, projected, x.shape));
}
