// Reads a KL-VAE's configuration from names and shapes, layer by layer. That every tensor agrees is checked with
// required-tensors.ts.

import type { Checkpoint } from "../weights/checkpoint.ts";
import type { ModelFamily } from "./families.ts";
import { keyTree, nodeAt, numberedChildren, type KeyNode } from "./key-tree.ts";
import type { VaeConfig, VaeLayer } from "./model-config.ts";
import { findTensor, shapeOfRank, unsupported } from "./tensor-checks.ts";

const CONV = "[out, in, height, width]";

const IMAGE_CHANNELS = 3;

/** One half of the VAE while it is read. */
interface Half {
  readonly checkpoint: Checkpoint;
  /** "first_stage_model.encoder" */
  readonly key: string;
  readonly tree: KeyNode;
  readonly normGroups: number;
  readonly layers: VaeLayer[];
  channels: number;
}

export function detectVae(checkpoint: Checkpoint, family: ModelFamily): VaeConfig {
  const { prefix, normGroups } = family.vae;
  const { scale, shift } = family.latents;
  const tree = keyTree(checkpoint, prefix);
  const latentChannels = family.latents.channels;
  const half = (name: string, channels: number): Half => ({
    checkpoint,
    key: prefix + name,
    tree: nodeAt(tree, name) ?? { children: new Map() },
    normGroups,
    layers: [],
    channels,
  });

  const moments = 2 * latentChannels; // mean and log-variance
  const encoder = half("encoder", IMAGE_CHANNELS);
  readEncoder(encoder, moments);
  if (nodeAt(tree, "quant_conv")) addConv(encoder, `${prefix}quant_conv`, 1, moments);
  const decoder = half("decoder", latentChannels);
  if (nodeAt(tree, "post_quant_conv")) addConv(decoder, `${prefix}post_quant_conv`, 1, latentChannels);
  readDecoder(decoder);

  const halvings = countKind(encoder.layers, "downsample");
  const doublings = countKind(decoder.layers, "upsample");
  if (halvings !== doublings) {
    throw unsupported(checkpoint, {
      where: `${prefix}decoder.up`,
      expected: `${halvings} upsamplers, as many as the encoder has downsamplers`,
      got: String(doublings),
    });
  }
  return {
    prefix,
    latentChannels,
    normGroups,
    downscale: 2 ** doublings,
    scale,
    shift,
    encoder: encoder.layers,
    decoder: decoder.layers,
  };
}

function readEncoder(half: Half, moments: number): void {
  addConv(half, `${half.key}.conv_in`, 3);
  stages(half, "down").forEach((node, index) => {
    const key = `${half.key}.down.${index}`;
    addStage(half, key, node);
    if (nodeAt(node, "downsample"))
      half.layers.push({ kind: "downsample", key: `${key}.downsample`, channels: half.channels });
  });
  addMiddle(half);
  addEnd(half, moments);
}

function readDecoder(half: Half): void {
  addConv(half, `${half.key}.conv_in`, 3);
  addMiddle(half);
  // Numbered by resolution: the last one runs first.
  const nodes = stages(half, "up");
  for (let index = nodes.length - 1; index >= 0; index--) {
    const key = `${half.key}.up.${index}`;
    addStage(half, key, nodes[index]);
    if (nodeAt(nodes[index], "upsample")) {
      half.layers.push({ kind: "upsample", key: `${key}.upsample`, channels: half.channels });
    }
  }
  addEnd(half, IMAGE_CHANNELS);
}

function stages(half: Half, name: "down" | "up"): readonly KeyNode[] {
  const key = `${half.key}.${name}`;
  const nodes = numberedChildren(nodeAt(half.tree, name), key, half.checkpoint.source.name);
  if (nodes.length === 0) findTensor(half.checkpoint, `${key}.0.block.0.conv1.weight`);
  return nodes;
}

/** Residual blocks of one resolution, each followed by attention where the file has it. */
function addStage(half: Half, key: string, node: KeyNode): void {
  const file = half.checkpoint.source.name;
  const attentions = numberedChildren(nodeAt(node, "attn"), `${key}.attn`, file).length;
  const blocks = numberedChildren(nodeAt(node, "block"), `${key}.block`, file).length;
  if (blocks === 0) findTensor(half.checkpoint, `${key}.block.0.conv1.weight`);
  for (let index = 0; index < blocks; index++) {
    addResnet(half, `${key}.block.${index}`);
    if (index < attentions) addAttention(half, `${key}.attn.${index}`);
  }
}

function addMiddle(half: Half): void {
  addResnet(half, `${half.key}.mid.block_1`);
  addAttention(half, `${half.key}.mid.attn_1`);
  addResnet(half, `${half.key}.mid.block_2`);
}

function addEnd(half: Half, outChannels: number): void {
  half.layers.push({ kind: "norm", key: `${half.key}.norm_out`, channels: half.channels });
  addConv(half, `${half.key}.conv_out`, 3, outChannels);
}

/** `outChannels` where the architecture fixes it; otherwise the file's shape decides. */
function addConv(half: Half, key: string, kernel: 1 | 3, outChannels = readOutChannels(half, key)): void {
  half.layers.push({ kind: "conv", key, inChannels: half.channels, outChannels, kernel });
  half.channels = outChannels;
}

function readOutChannels({ checkpoint }: Half, key: string): number {
  return shapeOfRank(checkpoint, `${key}.weight`, 4, CONV)[0];
}

function addResnet(half: Half, key: string): void {
  const inChannels = half.channels;
  const outChannels = readOutChannels(half, `${key}.conv1`);
  for (const channels of [inChannels, outChannels]) {
    if (channels % half.normGroups === 0) continue;
    throw unsupported(half.checkpoint, {
      where: `${key}, channels`,
      expected: `a multiple of ${half.normGroups}`,
      got: String(channels),
    });
  }
  half.layers.push({ kind: "resnet", key, inChannels, outChannels });
  half.channels = outChannels;
}

function addAttention(half: Half, key: string): void {
  // Linear in files converted from some Diffusers versions.
  const linear = findTensor(half.checkpoint, `${key}.q.weight`).shape.length === 2;
  half.layers.push({ kind: "attention", key, channels: half.channels, linear });
}

function countKind(layers: readonly VaeLayer[], kind: VaeLayer["kind"]): number {
  return layers.filter((layer) => layer.kind === kind).length;
}
