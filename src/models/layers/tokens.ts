// Feature maps as rows of tokens and back. Layers over tokens work on [n · tokens, width], so that every Linear is one Gemm.

import type { Value } from "../../onnx/graph.ts";
import { reshape, transpose } from "../../onnx/shape-ops.ts";
import type { LayerContext } from "./layer-context.ts";

/** [n, channels, h, w] → [n · h · w, channels] */
export function toTokens(c: LayerContext, key: string, x: Value): Value {
  const [batch, channels, height, width] = x.shape;
  const rows = transpose(
    c.graph,
    key,
    reshape(c.graph, key, x, [batch, channels, height * width]),
    [0, 2, 1],
  );
  return reshape(c.graph, key, rows, [batch * height * width, channels]);
}

/** [n · h · w, channels] → the given [n, channels, h, w] */
export function fromTokens(c: LayerContext, key: string, tokens: Value, shape: readonly number[]): Value {
  const [batch, channels, height, width] = shape;
  const rows = reshape(c.graph, key, tokens, [batch, height * width, channels]);
  return reshape(c.graph, key, transpose(c.graph, key, rows, [0, 2, 1]), shape);
}
