// A torch.nn.LayerNorm over the last axis.

import type { Value } from "../../onnx/graph.ts";
import { layerNormalization } from "../../onnx/ops.ts";
import type { LayerContext } from "./layer-context.ts";
import { weight } from "./layer-context.ts";

/** What every network here was trained with. */
const EPSILON = 1e-5;

export function layerNorm(c: LayerContext, key: string, x: Value): Value {
  const use = { dtype: x.dtype, shape: x.shape.slice(-1) };
  return layerNormalization(
    c.graph,
    key,
    x,
    weight(c, `${key}.weight`, use),
    weight(c, `${key}.bias`, use),
    EPSILON,
  );
}
