// What every layer function works with: the graph it adds to, the checkpoint its weights come from, the dialect it speaks.

import type { GraphBuilder } from "../../onnx/graph-builder.ts";
import type { Value } from "../../onnx/graph.ts";
import { elementCount } from "../../onnx/graph.ts";
import { constantCast } from "../../onnx/ops.ts";
import type { Checkpoint } from "../../weights/checkpoint.ts";
import { adaptedTensor, type AppliedLora } from "../adapters/adapted-tensor.ts";
import type { Dialect } from "../dialects.ts";
import type { Derivation, WeightUse } from "../weight-tensor.ts";
import { derivedTensor } from "../weight-tensor.ts";
import type { AdapterSlots } from "./adapter-slots.ts";

export interface LayerContext {
  readonly graph: GraphBuilder;
  readonly checkpoint: Checkpoint;
  readonly dialect: Dialect;
  /** Merged into the weights they change, while those are read. */
  readonly merged?: readonly AppliedLora[];
  /** Where linear and convolution layers take up adapters that are fed at run time; absent where there are none. */
  readonly slots?: AdapterSlots;
}

// Norms and biases stay as they are: they weigh nothing, and a node for each would cost time.
const MIN_COMPACT_ELEMENTS = 2 ** 16;

/** A weight by its full key. Layers ask for it in the dtype of their input, so a float32 island is made by casting the input. */
export function weight(context: LayerContext, key: string, use: WeightUse): Value {
  const { graph, checkpoint, dialect, merged = [] } = context;
  const compact =
    dialect.compactWeights && use.dtype === "float32" && elementCount(use.shape) >= MIN_COMPACT_ELEMENTS;
  if (!compact) return graph.external(adaptedTensor(checkpoint, key, use, merged));
  const half = graph.external(adaptedTensor(checkpoint, key, { ...use, dtype: "float16" }, merged));
  return constantCast(graph, key, half, "float32");
}

/** What `derivation` makes of a weight, in float32. */
export function derivedWeight(
  context: LayerContext,
  key: string,
  shape: readonly number[],
  derivation: Derivation,
): Value {
  const stored = adaptedTensor(context.checkpoint, key, { dtype: "float32", shape }, context.merged ?? []);
  return context.graph.external(derivedTensor(stored, derivation));
}
