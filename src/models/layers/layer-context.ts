// What every layer function works with: the graph it adds to, the checkpoint its weights come from, the dialect it speaks.

import type { GraphBuilder } from "../../onnx/graph-builder.ts";
import type { Value } from "../../onnx/graph.ts";
import type { Checkpoint } from "../../weights/checkpoint.ts";
import type { Dialect } from "../dialects.ts";
import type { Derivation, WeightUse } from "../weight-tensor.ts";
import { derivedTensor, weightTensor } from "../weight-tensor.ts";

export interface LayerContext {
  readonly graph: GraphBuilder;
  readonly checkpoint: Checkpoint;
  readonly dialect: Dialect;
}

/** A weight by its full key. Layers ask for it in the dtype of their input, so a float32 island is made by casting the input. */
export function weight(context: LayerContext, key: string, use: WeightUse): Value {
  return context.graph.external(weightTensor(context.checkpoint, key, use));
}

/** What `derivation` makes of a weight, in float32. */
export function derivedWeight(
  context: LayerContext,
  key: string,
  shape: readonly number[],
  derivation: Derivation,
): Value {
  const stored = weightTensor(context.checkpoint, key, { dtype: "float32", shape });
  return context.graph.external(derivedTensor(stored, derivation));
}
