// Which output of a published text encoder a family is conditioned on, clip skip included. Reads ports only.

import type { OnnxPort } from "../../weights/onnx/onnx-file.ts";
import type { FolderGraph } from "../../weights/onnx/onnx-folder.ts";
import type { FamilyTextEncoder } from "../families.ts";

export interface HiddenOutput {
  readonly port: OnnxPort;
  /** The final norm's weights by name, where the graph must still apply it to this output. */
  readonly norm?: { readonly scale: string; readonly bias: string };
}

const LAYER = /^hidden_states?[._]?(\d+)$/i;
const LAST = /^last_hidden_state$/i;
const NORM_SCALE = /(^|\.)final_layer_norm\.weight$/;

/** Undefined where the export does not give that layer. */
export function chooseHidden(
  graph: FolderGraph,
  rules: FamilyTextEncoder,
  clipSkip: number,
): HiddenOutput | undefined {
  const { outputs } = graph.file;
  // Exports have transformers' layout; SD 2.x's comes without the layer that is left out anyway.
  const leftOut = rules.places.find(({ layout }) => layout === "clip")?.leftOutLayers ?? 0;
  const skipped = Math.max(leftOut, clipSkip - 1);
  if (skipped === 0 && rules.finalNorm) {
    const port = outputs.find(({ name }) => LAST.test(name)) ?? outputs.find(({ dims }) => dims.length === 3);
    return port && { port };
  }
  const port = layerBefore(outputs, skipped);
  if (!port || !rules.finalNorm) return port && { port };
  const scale = [...graph.file.initializers].find((name) => NORM_SCALE.test(name));
  const bias = scale?.replace(/weight$/, "bias");
  return scale && bias && graph.file.initializers.has(bias) ? { port, norm: { scale, bias } } : undefined;
}

/** hidden_states.0 is what goes into the first layer, the last one what comes out of the last. */
function layerBefore(outputs: readonly OnnxPort[], skipped: number): OnnxPort | undefined {
  const layers = new Map(
    outputs.flatMap((port) => {
      const match = LAYER.exec(port.name);
      return match ? [[Number(match[1]), port] as const] : [];
    }),
  );
  // A single one is the one that the exporter's pipeline needs, the last but one.
  if (layers.size === 1 && skipped === 1) return [...layers.values()][0];
  const last = Math.max(...layers.keys());
  return layers.size === last + 1 ? layers.get(Math.max(1, last - skipped)) : undefined;
}

export function pooledOutput({ file: { outputs } }: FolderGraph): OnnxPort | undefined {
  return (
    outputs.find(({ name }) => /^text_embeds$/i.test(name)) ??
    outputs.find(({ name, dims }) => dims.length === 2 && !/^pooler_output$/i.test(name))
  );
}
