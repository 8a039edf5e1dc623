// A published graph's bytes made ready to be embedded among nodes of ours: its structure is read, its weights stay where they are
// in the published files, one range each. Knows no network.

import type { EmbeddedGraph, EmbeddedWeight } from "../../onnx/embedded-graph.ts";
import type { OnnxWeight } from "../../weights/onnx/onnx-file.ts";
import { weightRange, type FolderGraph } from "../../weights/onnx/onnx-folder.ts";

/** The runtime wants to know shapes, axes and scalars before it runs; exporters may put even those beside the graph. */
const MAX_INLINE_BYTES = 1024;

export async function readEmbeddedGraph(graph: FolderGraph, workingBytes: number): Promise<EmbeddedGraph> {
  const { source, irVersion, opsets, graphRanges, modelRanges, weights } = graph.file;
  const read = ([start, end]: readonly [number, number]) => source.read(start, end);
  return {
    irVersion,
    opsets,
    fields: await Promise.all(graphRanges.map(read)),
    functions: await Promise.all(modelRanges.map(read)),
    weights: await Promise.all(weights.map((weight, index) => embeddedWeight(graph, weight, index))),
    workingBytes,
  };
}

async function embeddedWeight(
  graph: FolderGraph,
  weight: OnnxWeight,
  index: number,
): Promise<EmbeddedWeight> {
  const { source, start, end } = weightRange(graph, weight);
  const { name, elementType, shape } = weight;
  const byteLength = end - start;
  if (byteLength <= MAX_INLINE_BYTES)
    return { name, elementType, shape, data: await source.read(start, end) };
  const data = {
    location: `weights/${index}`,
    byteLength,
    read: () => source.read(start, end),
    readSync: () => source.readSync(start, end),
    readPart: (from: number, to: number) => source.read(start + from, start + to),
  };
  return { name, elementType, shape, data };
}
