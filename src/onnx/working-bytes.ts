// How much memory a graph's values need at its widest point, when each is freed after its last use. Weights and constants are
// not counted, and no allocator is modelled: a figure for planning.

import type { GraphNode, Value } from "./graph.ts";
import { elementCount } from "./graph.ts";
import type { OnnxDType, WorkingBytes } from "./onnx-model.ts";

const ELEMENT_BYTES: Readonly<Record<OnnxDType, number>> = {
  float32: 4,
  float16: 2,
  int64: 8,
  int32: 4,
  bool: 1,
};
const SCORE_BYTES = 4; // kernels that hold whole score matrices compute them in float32
/** Their result is their input under another shape. */
const ALIASING_OPS: ReadonlySet<string> = new Set(["Reshape"]);

export interface WorkingGraph {
  /** In the order they run in. */
  readonly nodes: readonly GraphNode[];
  /** Nodes of constants only, each of which runs right before its result is needed first. */
  readonly onDemand: readonly GraphNode[];
  /** Every input and every node's outputs, by name. */
  readonly values: ReadonlyMap<string, Value>;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

export function workingBytes(graph: WorkingGraph): WorkingBytes {
  const nodes = inOrder(graph);
  return { tiledScores: peak(nodes, graph, false), wholeScores: peak(nodes, graph, true) };
}

function inOrder({ nodes, onDemand }: WorkingGraph): readonly GraphNode[] {
  const waiting = new Map(onDemand.flatMap((node) => node.outputs.map((name) => [name, node])));
  const order: GraphNode[] = [];
  const place = (node: GraphNode): void => {
    for (const name of usedBy(node)) {
      const needed = waiting.get(name);
      if (!needed) continue;
      needed.outputs.forEach((output) => waiting.delete(output));
      place(needed);
    }
    order.push(node);
  };
  nodes.forEach(place);
  return order;
}

/** A branch of an If uses values of the graph around it. */
function usedBy(node: GraphNode): readonly string[] {
  const inner = Object.values(node.attributes).flatMap((attribute) =>
    attribute.kind === "graph" ? attribute.value.nodes.flatMap(usedBy) : [],
  );
  return [...node.inputs, ...inner];
}

function peak(order: readonly GraphNode[], graph: WorkingGraph, wholeScores: boolean): number {
  const { values, inputs, outputs } = graph;
  const aliases = new Map<string, string>();
  for (const { opType, inputs: from, outputs: to } of order)
    if (ALIASING_OPS.has(opType)) aliases.set(to[0], aliases.get(from[0]) ?? from[0]);
  const storage = (name: string): string => aliases.get(name) ?? name;

  const uses = new Map<string, number>();
  const addUses = (name: string, count: number): number => {
    const total = (uses.get(storage(name)) ?? 0) + count;
    uses.set(storage(name), total);
    return total;
  };
  for (const node of order) usedBy(node).forEach((name) => addUses(name, 1));
  for (const name of [...inputs, ...outputs]) addUses(name, 1); // the caller's use, which does not end

  let live = inputs.reduce((sum, name) => sum + bytesOf(values.get(name)), 0);
  let widest = live;
  for (const node of order) {
    const made = node.outputs.filter((name) => storage(name) === name);
    for (const name of made) live += bytesOf(values.get(name));
    widest = Math.max(widest, live + (wholeScores ? scoreBytes(node, values) : 0));
    for (const name of usedBy(node)) if (addUses(name, -1) === 0) live -= bytesOf(values.get(storage(name)));
  }
  return widest;
}

/** Weights and constants are no values: nothing. */
function bytesOf(value: Value | undefined): number {
  return value ? elementCount(value.shape) * ELEMENT_BYTES[value.dtype] : 0;
}

/** [n, heads, tokens, other tokens], beside the values, while fused attention runs. */
function scoreBytes({ opType, inputs, attributes }: GraphNode, values: ReadonlyMap<string, Value>): number {
  const [query, key] = inputs.map((name) => values.get(name));
  const heads = attributes.num_heads;
  if (opType !== "MultiHeadAttention" || !query || !key || heads.kind !== "int") return 0;
  const [batch, tokens] = query.shape;
  return batch * heads.value * tokens * key.shape[1] * SCORE_BYTES;
}
