// Which network a published ONNX graph is, and what each of its inputs and outputs means: by names, ranks and element types, because
// exporters agree on little else. Reads ports only.

import type { FolderGraph } from "../../weights/onnx/onnx-folder.ts";
import type { OnnxPort } from "../../weights/onnx/onnx-file.ts";

export type NetworkRole =
  "text encoder" | "unet" | "vae decoder" | "vae encoder" | "safety checker" | "unknown";

export const FLOAT_TYPES: ReadonlySet<number> = new Set([1, 10, 11, 16]);
const INTEGER_TYPES: ReadonlySet<number> = new Set([6, 7]);

const isPlanes = ({ dims, elementType }: OnnxPort): boolean =>
  dims.length === 4 && FLOAT_TYPES.has(elementType);
const named = (ports: readonly OnnxPort[], pattern: RegExp): OnnxPort | undefined =>
  ports.find(({ name }) => pattern.test(name));

export const inputsOfUnet = {
  sample: ({ file: { inputs } }: FolderGraph) =>
    named(inputs, /^(sample|latents?|x)$/i) ?? inputs.find(isPlanes),
  timestep: ({ file: { inputs } }: FolderGraph) =>
    inputs.find(({ name, dims }) => /^(time_?steps?|t)$/i.test(name) && dims.length <= 1),
  context: ({ file: { inputs } }: FolderGraph) =>
    named(inputs, /^encoder_hidden_states?$/i) ??
    inputs.find(({ dims, elementType }) => dims.length === 3 && FLOAT_TYPES.has(elementType)),
  pooled: ({ file: { inputs } }: FolderGraph) => named(inputs, /text_embeds$/i),
  sizes: ({ file: { inputs } }: FolderGraph) => named(inputs, /time_ids$/i),
  guidance: ({ file: { inputs } }: FolderGraph) => named(inputs, /^timestep_cond$/i),
} as const;

export const tokenInput = ({ file: { inputs } }: FolderGraph): OnnxPort | undefined =>
  inputs.find(({ elementType, dims }) => INTEGER_TYPES.has(elementType) && dims.length === 2);

/** The first that a graph is wins. */
const roles: readonly { readonly role: NetworkRole; readonly is: (graph: FolderGraph) => boolean }[] = [
  {
    role: "safety checker",
    is: ({ path, file }) => /safety/i.test(path) || named(file.inputs, /^clip_input$/i) !== undefined,
  },
  {
    role: "unet",
    is: (graph) =>
      Object.values([inputsOfUnet.sample, inputsOfUnet.timestep, inputsOfUnet.context]).every((find) =>
        find(graph),
      ),
  },
  {
    role: "text encoder",
    is: (graph) => tokenInput(graph) !== undefined && !graph.file.inputs.some(isPlanes),
  },
  { role: "vae decoder", is: (graph) => isVaeHalf(graph, "decoder") },
  { role: "vae encoder", is: (graph) => isVaeHalf(graph, "encoder") },
];

export function roleOf(graph: FolderGraph): NetworkRole {
  return roles.find(({ is }) => is(graph))?.role ?? "unknown";
}

/** One picture in, one out; three channels tell which is the one of pixels, else the file's or the input's name. */
function isVaeHalf({ path, file: { inputs, outputs } }: FolderGraph, half: "decoder" | "encoder"): boolean {
  if (inputs.length !== 1 || !isPlanes(inputs[0])) return false;
  const given = outputs.find(isPlanes);
  if (!given) return false;
  const [from, to] = [inputs[0].dims[1], given.dims[1]];
  if (from === 3 || to === 3) return (half === "decoder") === (to === 3 && from !== 3);
  const says = (name: string): boolean => (half === "decoder" ? /decod|latent/i : /encod/i).test(name);
  return says(path) || (half === "decoder" && says(inputs[0].name));
}
