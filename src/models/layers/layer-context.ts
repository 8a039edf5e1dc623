// What every layer function works with: the graph it adds to, the checkpoint its weights come from, the dialect it speaks.

import type { GraphBuilder } from "../../onnx/graph-builder.ts";
import type { Value } from "../../onnx/graph.ts";
import { elementCount } from "../../onnx/graph.ts";
import { constantCast } from "../../onnx/ops.ts";
import type { Checkpoint } from "../../weights/checkpoint.ts";
import type { Dialect } from "../dialects.ts";
import type { Derivation, WeightUse } from "../weight-tensor.ts";
import { derivedTensor, weightTensor } from "../weight-tensor.ts";

export interface LayerContext {
  readonly graph: GraphBuilder;
  readonly checkpoint: Checkpoint;
  readonly dialect: Dialect;
}

// Norms and biases stay as they are: they weigh nothing, and a node for each would cost time.
const MIN_COMPACT_ELEMENTS = 2 ** 16;

/** A weight by its full key. Layers ask for it in the dtype of their input, so a float32 island is made by casting the input. */
export function weight(context: LayerContext, key: string, use: WeightUse): Value {
  const { graph, checkpoint, dialect } = context;
  const compact =
    dialect.compactWeights && use.dtype === "float32" && elementCount(use.shape) >= MIN_COMPACT_ELEMENTS;
  if (!compact) return graph.external(weightTensor(checkpoint, key, use));
  const half = graph.external(weightTensor(checkpoint, key, { ...use, dtype: "float16" }));
  return constantCast(graph, key, half, "float32");
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
