// From a folder of ONNX graphs to a typed description of the model, or a named error. What shapes do not tell comes from the
// folder's configurations, then from the weights' names, then from the family. Reads no weight.

import { AppError } from "../../protocol/app-error.ts";
import type { OnnxDim } from "../../weights/onnx/onnx-file.ts";
import { onnxElementBytes } from "../../weights/onnx/onnx-file.ts";
import { weightRange, type FolderGraph, type OnnxFolder } from "../../weights/onnx/onnx-folder.ts";
import { families, type ModelFamily } from "../families.ts";
import type { SizeConditioning, TextEncoderConfig } from "../model-config.ts";
import { agrees, statedTraining } from "../stated-training.ts";
import type { ExportedModel, ExportedNetwork, FixedShapes } from "./exported-model.ts";
import { inputsOfUnet, roleOf, tokenInput, type NetworkRole } from "./network-roles.ts";
import { chooseHidden, pooledOutput } from "./text-outputs.ts";

// What published families have, where neither shapes nor configurations tell.
const DOWNSCALE = 8;
const LATENT_CHANNELS = 4;
const VOCABULARY = 49_408;
const GUIDANCE_WIDTH = 256;
/** The width of prompts tells SD 1.x from 2.x and XL, which have linear projections. */
const LINEAR_BY_WIDTH: Readonly<Record<number, boolean>> = { 768: false, 1024: true, 2048: true, 1280: true };
/** Stored in few bits for lack of room; the plain ones beside them are what was published first. */
const QUANTISED = /(^|[^a-z])(q4|q4f16|q8|int8|uint8|bnb4|quantized|quantised)([^a-z]|$)/i;
const ELEMENT_NAMES: Readonly<Record<number, string>> = {
  1: "F32",
  2: "U8",
  3: "I8",
  10: "F16",
  11: "F64",
  16: "BF16",
};

/**
 * @param familyId the row that it was imported as, for models whose shapes fit several.
 * @throws AppError UnsupportedModel or FileFormat that says what is missing.
 */
export function detectExported(folder: OnnxFolder, familyId?: string): ExportedModel {
  const graphs = graphsByRole(folder);
  const unet = only(folder, graphs, "unet");
  const vaeDecoder = only(folder, graphs, "vae decoder");
  const [vaeEncoder] = graphs["vae encoder"] ?? [];
  const texts = textGraphs(folder, graphs);
  checkInputs(folder, unet);

  const family = detectFamily(folder, unet, texts, familyId);
  const configOf = ({ path }: FolderGraph) => folder.configs.get(folderOf(path)) ?? {};
  const encoders = texts.map((graph, i) => textEncoder(folder, graph, family, i));
  const contextWidth = encoders.reduce((sum, { width }) => sum + width, 0);
  const stated =
    numberOf(inputsOfUnet.context(unet)!.dims[2]) ?? positive(configOf(unet).cross_attention_dim);
  if (stated !== undefined && stated !== contextWidth) {
    throw unsupported(folder, {
      where: "width of the UNet's text conditioning",
      expected: `${contextWidth}, as its text ${encoders.length > 1 ? "encoders give" : "encoder gives"}`,
      got: `${stated}`,
    });
  }
  const guidance = inputsOfUnet.guidance(unet);
  const sizeConditioning = plainSizes(family);
  const vaeConfig = configOf(vaeDecoder);
  const downscale = vaeDownscale(vaeDecoder, vaeConfig);
  const networks = {
    textEncoders: texts.map(network),
    unet: network(unet),
    vaeDecoder: network(vaeDecoder),
    ...(vaeEncoder && { vaeEncoder: network(vaeEncoder) }),
  };
  const all = [
    ...networks.textEncoders,
    networks.unet,
    networks.vaeDecoder,
    ...(vaeEncoder ? [networks.vaeEncoder] : []),
  ];
  return {
    family,
    textEncoders: encoders,
    unet: {
      outChannels: unetChannels(unet, configOf(unet)).out,
      contextWidth,
      ...(guidance && {
        guidanceEmbeddingWidth:
          numberOf(guidance.dims[1]) ?? positive(configOf(unet).time_cond_proj_dim) ?? GUIDANCE_WIDTH,
      }),
    },
    vae: {
      latentChannels: positive(vaeConfig.latent_channels) ?? family.latents.channels,
      downscale,
      // Playground's per-channel values are the family's; a configuration gives one number.
      scale:
        typeof family.latents.scale === "number"
          ? (positive(vaeConfig.scaling_factor) ?? family.latents.scale)
          : family.latents.scale,
      shift: family.latents.shift,
    },
    ...(sizeConditioning && { sizeConditioning }),
    latentRgbFactors: family.latentRgbFactors,
    networks,
    fixed: fixedShapes(folder, unet, vaeDecoder, texts, downscale),
    dtype: dominantType(all),
    files: filesOf(folder, all),
  };
}

function graphsByRole(folder: OnnxFolder): Partial<Record<NetworkRole, FolderGraph[]>> {
  const graphs: Partial<Record<NetworkRole, FolderGraph[]>> = {};
  for (const graph of folder.graphs) (graphs[roleOf(graph)] ??= []).push(graph);
  return graphs;
}

/** Of several copies of a network the smallest that is not quantised, as of a Diffusers folder's. */
function best(copies: readonly FolderGraph[]): FolderGraph {
  const plain = copies.filter(({ path }) => !QUANTISED.test(path));
  return [...(plain.length > 0 ? plain : copies)].sort((a, b) => weightBytes(a) - weightBytes(b))[0];
}

function only(folder: OnnxFolder, graphs: ReturnType<typeof graphsByRole>, role: NetworkRole): FolderGraph {
  const copies = graphs[role];
  if (copies) return best(copies);
  throw unsupported(folder, {
    where: "its graphs",
    expected: `a ${role} among them`,
    got: folder.graphs.map((graph) => `${graph.path} (${roleOf(graph)})`).join(", ") || "none",
  });
}

/** One per folder, or of flat files one per name's number: text_encoder before text_encoder_2. */
function textGraphs(folder: OnnxFolder, graphs: ReturnType<typeof graphsByRole>): readonly FolderGraph[] {
  const all = graphs["text encoder"] ?? [];
  if (all.length === 0) only(folder, graphs, "text encoder");
  const groups = new Map<string, FolderGraph[]>();
  for (const graph of all) {
    const place = folderOf(graph.path) || (/[-_]2\b/.test(graph.path) ? "2" : "1");
    groups.set(place, [...(groups.get(place) ?? []), graph]);
  }
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, copies]) => best(copies));
}

const KNOWN_TYPES: ReadonlySet<number> = new Set([1, 6, 7, 10]);

/** Whatever else a UNet asks for, nobody would feed it. */
function checkInputs(folder: OnnxFolder, unet: FolderGraph): void {
  const known = new Set(Object.values(inputsOfUnet).map((find) => find(unet)?.name));
  const foreign = unet.file.inputs.find(
    ({ name, elementType }) => !known.has(name) || !KNOWN_TYPES.has(elementType),
  );
  if (!foreign) return;
  throw unsupported(folder, {
    where: `${unet.path}, inputs`,
    expected:
      "sample, timestep, encoder_hidden_states, text_embeds, time_ids and timestep_cond, of float32, float16 or integers",
    got: `${foreign.name.slice(0, 80)} (element type ${foreign.elementType})`,
  });
}

function unetChannels(unet: FolderGraph, config: Readonly<Record<string, unknown>>) {
  const weightOf = (name: RegExp): readonly number[] | undefined =>
    unet.file.weights.find((weight) => name.test(weight.name) && weight.shape.length === 4)?.shape;
  const out = unet.file.outputs[0].dims[1];
  return {
    in:
      numberOf(inputsOfUnet.sample(unet)!.dims[1]) ??
      positive(config.in_channels) ??
      weightOf(/conv_in\.weight$/)?.[1] ??
      LATENT_CHANNELS,
    out:
      numberOf(out) ?? positive(config.out_channels) ?? weightOf(/conv_out\.weight$/)?.[0] ?? LATENT_CHANNELS,
  };
}

function detectFamily(
  folder: OnnxFolder,
  unet: FolderGraph,
  texts: readonly FolderGraph[],
  chosen: string | undefined,
): ModelFamily {
  const config = folder.configs.get(folderOf(unet.path)) ?? {};
  const channels = unetChannels(unet, config);
  const width = numberOf(inputsOfUnet.context(unet)!.dims[2]) ?? positive(config.cross_attention_dim);
  const linear =
    typeof config.use_linear_projection === "boolean"
      ? config.use_linear_projection
      : LINEAR_BY_WIDTH[width ?? 0];
  const fitting = families.filter(
    ({ matches, textEncoders }) =>
      matches.inChannels === channels.in &&
      matches.outChannels === channels.out &&
      matches.linearProjection === (linear ?? matches.linearProjection) &&
      matches.classEmbedding === (inputsOfUnet.pooled(unet) !== undefined) &&
      matches.guidanceEmbedding === (inputsOfUnet.guidance(unet) !== undefined) &&
      textEncoders.length === texts.length,
  );
  if (chosen !== undefined) {
    const family = fitting.find(({ id }) => id === chosen);
    if (family) return family;
  }
  const stated = statedTraining({ tensors: new Map(), metadata: folder.metadata });
  const agreeing = fitting.filter((family) => agrees(family, stated));
  const family = agreeing.find(({ named }) => named?.test(folder.name)) ?? agreeing[0];
  if (family) return family;
  throw unsupported(folder, {
    where: "the UNet",
    expected: "that of a family in the table",
    got: `${channels.in} input and ${channels.out} output channels, prompts of width ${width ?? "unknown"}, ${texts.length} text encoders`,
  });
}

function textEncoder(
  folder: OnnxFolder,
  graph: FolderGraph,
  family: ModelFamily,
  index: number,
): Pick<TextEncoderConfig, "width" | "vocabulary" | "padding"> {
  const config = folder.configs.get(folderOf(graph.path)) ?? {};
  const rules = family.textEncoders[index];
  const table = graph.file.weights.find(
    ({ name, shape }) => /token_embedding\.weight$/.test(name) && shape.length === 2,
  );
  const hidden = chooseHidden(graph, rules, 1);
  if (!hidden) {
    throw unsupported(folder, {
      where: `${graph.path}, outputs`,
      expected: `all layers (hidden_states.0, hidden_states.1, ...), of which ${family.name} uses the last but one`,
      got: graph.file.outputs.map(({ name }) => name.slice(0, 80)).join(", "),
    });
  }
  if (rules.pooled && !pooledOutput(graph)) {
    throw unsupported(folder, {
      where: `${graph.path}, outputs`,
      expected: `the pooled prompt (text_embeds), which ${family.name} conditions on`,
      got: graph.file.outputs.map(({ name }) => name.slice(0, 80)).join(", "),
    });
  }
  const width = numberOf(hidden.port.dims[2]) ?? positive(config.hidden_size) ?? table?.shape[1];
  if (width === undefined)
    throw unsupported(folder, {
      where: `${graph.path}, ${hidden.port.name}`,
      expected: "a width",
      got: "none",
    });
  return {
    width,
    vocabulary: positive(config.vocab_size) ?? table?.shape[0] ?? VOCABULARY,
    padding: rules.padding,
  };
}

/** Published graphs make the sinusoids of sizes themselves. */
function plainSizes({ sizeConditioning: fields }: ModelFamily): SizeConditioning | undefined {
  return fields && { fields, width: "plain" };
}

function vaeDownscale(
  { file: { inputs, outputs } }: FolderGraph,
  config: Readonly<Record<string, unknown>>,
): number {
  const [latents, pixels] = [numberOf(inputs[0].dims[2]), numberOf(outputs[0].dims[2])];
  if (latents !== undefined && pixels !== undefined && pixels % latents === 0) return pixels / latents;
  const levels = config.block_out_channels;
  return Array.isArray(levels) && levels.length > 0 && levels.length < 8
    ? 2 ** (levels.length - 1)
    : DOWNSCALE;
}

function fixedShapes(
  folder: OnnxFolder,
  unet: FolderGraph,
  vaeDecoder: FolderGraph,
  texts: readonly FolderGraph[],
  downscale: number,
): FixedShapes {
  const sample = inputsOfUnet.sample(unet)!;
  const [latents] = vaeDecoder.file.inputs;
  const side = (axis: 2 | 3): number | undefined => {
    const [one, other] = [numberOf(sample.dims[axis]), numberOf(latents.dims[axis])];
    if (one !== undefined && other !== undefined && one !== other) {
      throw unsupported(folder, {
        where: "the sizes that its graphs were made for",
        expected: `${one} latents along a side, as the UNet's`,
        got: `${other} in the VAE decoder's`,
      });
    }
    const fixed = one ?? other;
    return fixed && fixed * downscale;
  };
  const tokenCounts = [inputsOfUnet.context(unet)!, ...texts.map((graph) => tokenInput(graph)!)].map(
    ({ dims }) => numberOf(dims[1]),
  );
  const [height, width, batch] = [side(2), side(3), numberOf(sample.dims[0])];
  // Text encoders read chunks of 77 one by one; what is fixed is how many the UNet reads together.
  const [tokens] = tokenCounts;
  return {
    ...(width && { width }),
    ...(height && { height }),
    ...(batch && { batch }),
    ...(tokens && { tokens }),
  };
}

const network = (graph: FolderGraph): ExportedNetwork => ({ graph, bytes: weightBytes(graph) });

function weightBytes({ file }: FolderGraph): number {
  return file.weights.reduce(
    (sum, { place }) =>
      sum + (place.kind === "inside" ? place.range[1] - place.range[0] : (place.length ?? 0)),
    0,
  );
}

function dominantType(networks: readonly ExportedNetwork[]): string {
  const bytes = new Map<number, number>();
  for (const { elementType, shape } of networks.flatMap(({ graph }) => graph.file.weights)) {
    const size = shape.reduce((product, extent) => product * extent, onnxElementBytes.get(elementType) ?? 1);
    bytes.set(elementType, (bytes.get(elementType) ?? 0) + size);
  }
  const [type] = [...bytes].sort((a, b) => b[1] - a[1])[0] ?? [1];
  return ELEMENT_NAMES[type] ?? "U8";
}

/** Every weight is known to be there after this. */
function filesOf(folder: OnnxFolder, networks: readonly ExportedNetwork[]) {
  for (const { graph } of networks) for (const weight of graph.file.weights) weightRange(graph, weight);
  const graphs = networks.flatMap(({ graph }) => [
    { path: graph.path, source: graph.file.source },
    ...graph.beside.values(),
  ]);
  return [...new Map([...folder.texts, ...graphs].map((file) => [file.path, file])).values()];
}

const folderOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf("/")));
const numberOf = (dim: OnnxDim): number | undefined => (typeof dim === "number" ? dim : undefined);
const positive = (value: unknown): number | undefined =>
  typeof value === "number" && Number.isFinite(value) && value > 0 ? value : undefined;

function unsupported(folder: OnnxFolder, fault: { where: string; expected: string; got: string }): AppError {
  return new AppError(
    "UnsupportedModel",
    `${folder.name} is a folder of ONNX graphs that Kiln cannot use: ${fault.where} should be ${fault.expected}, got ${fault.got}.`,
    { file: folder.name, ...fault },
  );
}
