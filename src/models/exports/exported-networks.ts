// Published graphs as the networks that the engine runs: each between nodes that bring our inputs, float32 and of the size at hand,
// to the names, types, ranks and batch that its exporter chose, and its outputs back. Reads no weight.

import { GraphBuilder } from "../../onnx/graph-builder.ts";
import type { Value } from "../../onnx/graph.ts";
import type { OnnxDType, OnnxModel } from "../../onnx/onnx-model.ts";
import { add, cast, identity, mul } from "../../onnx/ops.ts";
import { concat, reshape, slice, split } from "../../onnx/shape-ops.ts";
import { invalidExport } from "./export-error.ts";
import type { OnnxPort } from "../../weights/onnx/onnx-file.ts";
import type { PerChannel } from "../model-config.ts";
import { readEmbeddedGraph } from "./embedded-graph.ts";
import { decoderWorkingBytes, unetWorkingBytes } from "./exported-requirements.ts";
import type { ExportedModel, ExportedNetwork } from "./exported-model.ts";
import { inputsOfUnet, tokenInput } from "./network-roles.ts";
import { chooseHidden, pooledOutput } from "./text-outputs.ts";

const DTYPES: Readonly<Record<number, OnnxDType>> = { 1: "float32", 6: "int32", 7: "int64", 10: "float16" };
// Of a posterior whose exporter gave a draw or its mean alone: no spread worth drawing from.
const NO_SPREAD = -30;
const LAYER_NORM_EPSILON = 1e-5;
const PIXEL_CHANNELS = 3;

export interface ExportedUnetShape {
  readonly batch: number;
  readonly latentHeight: number;
  readonly latentWidth: number;
  readonly tokens: number;
}

// latents (+ extra channels), timestep, context, y ── repeated to the batch, cast ── published UNet ── cut, cast ── output
/** @throws AppError InvalidRequest for a longer prompt than the export was made for. */
export async function exportedUnet(
  model: ExportedModel,
  modelName: string,
  shape: ExportedUnetShape,
): Promise<OnnxModel> {
  const { graph } = model.networks.unet;
  const { batch, latentHeight, latentWidth, tokens } = shape;
  const { tokens: readable = tokens } = model.fixed;
  if (readable !== tokens) {
    const what = `reads ${readable - 2} tokens of a prompt at most: shorten the prompt and the negative prompt`;
    throw invalidExport("prompt", modelName, what, tokens);
  }
  const { outChannels, contextWidth, guidanceEmbeddingWidth } = model.unet;
  const g = builder("unet");
  const ports = {
    sample: inputsOfUnet.sample(graph)!,
    timestep: inputsOfUnet.timestep(graph)!,
    context: inputsOfUnet.context(graph)!,
  };
  const published = extent(ports.sample, 0) ?? batch;
  const size = [latentHeight, latentWidth];
  const noisy = g.input("latents", "float32", [batch, outChannels, ...size]);
  const extra = model.family.matches.inChannels - outChannels;
  const latents =
    extra > 0
      ? concat(g, "extra", [noisy, g.input("extra_channels", "float32", [batch, extra, ...size])], 1)
      : noisy;
  const inputs = new Map<string, Value>();
  const feed = (port: OnnxPort | undefined, value: Value): void => {
    if (port) inputs.set(port.name, cast(g, port.name, toBatch(g, value, published), dtypeOf(port)));
  };
  feed(ports.sample, latents);
  inputs.set(ports.timestep.name, timestep(g, ports.timestep));
  feed(ports.context, g.input("context", "float32", [batch, tokens, contextWidth]));
  if (model.sizeConditioning) {
    const fields = model.sizeConditioning.fields.length;
    const pooled = pooledWidth(model);
    const y = g.input("y", "float32", [batch, pooled + fields]);
    const [text, sizes] = split(g, "y", y, 1, [pooled, fields]);
    feed(inputsOfUnet.pooled(graph), text);
    feed(inputsOfUnet.sizes(graph), sizes);
  }
  if (guidanceEmbeddingWidth !== undefined)
    feed(
      inputsOfUnet.guidance(graph),
      g.input("guidance_embedding", "float32", [batch, guidanceEmbeddingWidth]),
    );
  const embedded = await readEmbeddedGraph(graph, unetWorkingBytes(model, { ...shape, batch: published }));
  const [output] = g.embed(embedded, inputs, [
    valueOf(graph.file.outputs[0], [published, outChannels, ...size]),
  ]);
  g.output("output", ours(g, "output", fromBatch(g, output, batch)));
  return finish(g, model);
}

// latents ── × 1/scale ── + shift ── published decoder ── pixels
export async function exportedVaeDecoder(
  model: ExportedModel,
  latentHeight: number,
  latentWidth: number,
): Promise<OnnxModel> {
  const { graph } = model.networks.vaeDecoder;
  const { latentChannels, scale, shift, downscale } = model.vae;
  const g = builder("vae-decoder");
  const [port] = graph.file.inputs;
  const published = extent(port, 0) ?? 1;
  const latents = g.input("latents", "float32", [1, latentChannels, latentHeight, latentWidth]);
  let x = mul(
    g,
    "unscale",
    latents,
    channels(
      g,
      perChannel(scale).map((value) => 1 / value),
    ),
  );
  if (shift !== 0) x = add(g, "unscale", x, channels(g, perChannel(shift)));
  const inputs = new Map([[port.name, cast(g, port.name, toBatch(g, x, published), dtypeOf(port))]]);
  const embedded = await readEmbeddedGraph(graph, decoderWorkingBytes(model, latentHeight * latentWidth));
  const shape = [published, PIXEL_CHANNELS, downscale * latentHeight, downscale * latentWidth];
  const [pixels] = g.embed(embedded, inputs, [valueOf(graph.file.outputs[0], shape)]);
  g.output("pixels", ours(g, "pixels", fromBatch(g, pixels, 1)));
  return finish(g, model);
}

/** Pixels to moments; exports that give a draw from the posterior instead get no spread around it. */
export async function exportedVaeEncoder(
  model: ExportedModel,
  encoder: ExportedNetwork,
  height: number,
  width: number,
): Promise<OnnxModel> {
  const { graph } = encoder;
  const { latentChannels, downscale } = model.vae;
  const g = builder("vae-encoder");
  const [port] = graph.file.inputs;
  const published = extent(port, 0) ?? 1;
  const pixels = g.input("pixels", "float32", [1, PIXEL_CHANNELS, height, width]);
  const inputs = new Map([[port.name, cast(g, port.name, toBatch(g, pixels, published), dtypeOf(port))]]);
  const size = [height / downscale, width / downscale];
  const output = graph.file.outputs[0];
  const whole =
    (extent(output, 1) ?? (/param|moment/i.test(output.name) ? 2 : 1) * latentChannels) > latentChannels;
  const positions = size[0] * size[1];
  const embedded = await readEmbeddedGraph(graph, decoderWorkingBytes(model, positions));
  const given = [published, (whole ? 2 : 1) * latentChannels, ...size];
  const [encoded] = g.embed(embedded, inputs, [valueOf(output, given)]);
  const mean = ours(g, "moments", fromBatch(g, encoded, 1));
  if (whole) g.output("moments", mean);
  else {
    const spread = add(g, "spread", mul(g, "spread", mean, channels(g, [0])), channels(g, [NO_SPREAD]));
    g.output("moments", concat(g, "moments", [mean, spread], 1));
  }
  return finish(g, model);
}

/** @throws AppError InvalidRequest for a clip skip whose layer the export does not give. */
export async function exportedTextEncoder(
  model: ExportedModel,
  modelName: string,
  index: number,
  clipSkip: number,
): Promise<OnnxModel> {
  const { graph } = model.networks.textEncoders[index];
  const { width } = model.textEncoders[index];
  const rules = model.family.textEncoders[index];
  const hidden = chooseHidden(graph, rules, clipSkip);
  if (!hidden)
    throw invalidExport(
      "clipSkip",
      modelName,
      "gives the last layer of its text encoder only: set clip skip to 1",
      clipSkip,
    );
  const g = builder("text-encoder");
  const port = tokenInput(graph)!;
  const published = extent(port, 0) ?? 1;
  const tokens = extent(port, 1) ?? rules.maxTokens;
  const ids = g.input("input_ids", "int32", [1, rules.maxTokens]);
  if (tokens !== rules.maxTokens)
    throw invalidExport(
      "prompt",
      modelName,
      `reads prompts of ${tokens} tokens, not ${rules.maxTokens}`,
      tokens,
    );
  const inputs = new Map([[port.name, cast(g, port.name, toBatch(g, ids, published), dtypeOf(port))]]);
  const embedded = await readEmbeddedGraph(graph, 0);
  const pooledPort = rules.pooled ? pooledOutput(graph) : undefined;
  const [layer, pooled] = g.embed(embedded, inputs, [
    valueOf(hidden.port, [published, tokens, width]),
    ...(pooledPort ? [valueOf(pooledPort, [published, pooledWidth(model)])] : []),
  ]);
  const normed = hidden.norm ? layerNorm(g, layer, hidden.norm) : layer;
  g.output("hidden", ours(g, "hidden", fromBatch(g, normed, 1)));
  if (pooledPort) g.output("pooled", ours(g, "pooled", fromBatch(g, pooled, 1)));
  return finish(g, model);
}

const builder = (name: string): GraphBuilder => new GraphBuilder(`kiln-${name}`, { prefix: "kiln/" });

/** float16 weights are widened as they are used where the device has no float16, and must not be for good. */
function finish(g: GraphBuilder, { dtype }: ExportedModel): OnnxModel {
  return { ...g.build(), widensWeights: dtype === "F16" };
}

/** [1] in our graphs; published ones have a scalar, one for all pictures, or one for each, and many take whole steps only. */
function timestep(g: GraphBuilder, port: OnnxPort): Value {
  const value = g.input("timestep", "float32", [1]);
  const dtype = dtypeOf(port);
  const rounded = dtype.startsWith("int")
    ? g.node({ path: "timestep", opType: "Round", inputs: [value], outputs: [value] })[0]
    : value;
  const typed = cast(g, "timestep", rounded, dtype);
  if (port.dims.length === 0) return reshape(g, "timestep", typed, []);
  return toBatch(g, typed, extent(port, 0) ?? 1);
}

function toBatch(g: GraphBuilder, value: Value, batch: number): Value {
  const [own] = value.shape;
  if (own === batch) return value;
  const copies = new Array<Value>(Math.ceil(batch / own)).fill(value);
  const repeated = copies.length === 1 ? value : concat(g, "repeat", copies, 0);
  return fromBatch(g, repeated, batch);
}

function fromBatch(g: GraphBuilder, value: Value, batch: number): Value {
  if (value.shape[0] === batch) return value;
  return slice(g, "batch", value, { axis: 0, start: 0, step: 1, extent: batch });
}

/** float32, and a node of ours: outputs are renamed, and nodes of others cannot be. */
function ours(g: GraphBuilder, path: string, value: Value): Value {
  return value.dtype === "float32" ? identity(g, path, value) : cast(g, path, value, "float32");
}

function layerNorm(g: GraphBuilder, x: Value, { scale, bias }: { scale: string; bias: string }): Value {
  const shape = [x.shape[x.shape.length - 1]];
  const weight = (name: string): Value => ({ name, dtype: x.dtype, shape });
  return g.node({
    path: "final_layer_norm",
    opType: "LayerNormalization",
    inputs: [x, weight(scale), weight(bias)],
    attributes: { axis: { kind: "int", value: -1 }, epsilon: { kind: "float", value: LAYER_NORM_EPSILON } },
    outputs: [x],
  })[0];
}

function pooledWidth({ networks, textEncoders, family }: ExportedModel): number {
  const widths = networks.textEncoders.map(({ graph }, i) => {
    if (!family.textEncoders[i].pooled) return 0;
    return extent(pooledOutput(graph)!, 1) ?? textEncoders[i].width;
  });
  return widths.reduce((sum, width) => sum + width, 0);
}

function dtypeOf({ elementType, name }: OnnxPort): OnnxDType {
  const dtype = DTYPES[elementType];
  if (dtype) return dtype;
  throw invalidExport(
    name,
    "The model",
    `has an input of an element type that is not known here`,
    elementType,
  );
}

const valueOf = (port: OnnxPort, shape: readonly number[]): Value => ({
  name: port.name,
  dtype: dtypeOf(port),
  shape,
});

function extent({ dims }: OnnxPort, axis: number): number | undefined {
  const dim = dims[axis];
  return typeof dim === "number" ? dim : undefined;
}

const perChannel = (value: PerChannel): readonly number[] => (typeof value === "number" ? [value] : value);

/** Broadcasts with [n, c, h, w]. */
const channels = (g: GraphBuilder, values: readonly number[]): Value =>
  g.constant("float32", [1, values.length, 1, 1], values);
