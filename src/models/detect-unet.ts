// Reads a UNet's configuration from names and shapes, block by block, so that pruned UNets are described as they are.
// Follows channels and resolution through the network; that every tensor agrees is checked with required-tensors.ts.

import type { Checkpoint } from "../weights/checkpoint.ts";
import type { ModelFamily } from "./families.ts";
import { keyTree, nodeAt, numberedChildren, type KeyNode } from "./key-tree.ts";
import type { Heads, UnetBlock, UnetConfig, UnetLayer } from "./model-config.ts";
import { findTensor, shapeOfRank, unsupported } from "./tensor-checks.ts";

const CONV = "[out, in, height, width]";
const LINEAR = "[out, in]";

/** What tells families apart. */
export type UnetTraits = ModelFamily["matches"];

export function detectUnetTraits(checkpoint: Checkpoint, prefix: string): UnetTraits {
  const [, inChannels] = shapeOfRank(checkpoint, `${prefix}input_blocks.0.0.weight`, 4, CONV);
  const [outChannels] = shapeOfRank(checkpoint, `${prefix}out.2.weight`, 4, CONV);
  const keys = [...checkpoint.tensors.keys()].filter((key) => key.startsWith(prefix));
  const projections = keys.filter((key) => key.endsWith(".proj_in.weight"));
  const linear = projections.filter((key) => findTensor(checkpoint, key).shape.length === 2);
  return {
    inChannels,
    outChannels,
    // By majority, so that one damaged tensor is named as such.
    linearProjection: 2 * linear.length > projections.length,
    classEmbedding: keys.some((key) => key.startsWith(`${prefix}label_emb.`)),
    guidanceEmbedding: keys.some((key) => key.startsWith(`${prefix}time_embed.cond_proj.`)),
  };
}

/** Channels and halvings of the value that flows through the network, and those of the skip connections. */
interface Flow {
  channels: number;
  level: number;
  readonly skips: { readonly channels: number; readonly level: number }[];
}

interface Reading {
  readonly checkpoint: Checkpoint;
  readonly heads: Heads;
  readonly normGroups: number;
}

type LayerKind = UnetLayer["kind"];

/** The first part of a layer's keys, below its number, tells what it is. */
const kindOfPart: ReadonlyMap<string, LayerKind> = new Map([
  ["in_layers", "resnet"],
  ["emb_layers", "resnet"],
  ["out_layers", "resnet"],
  ["skip_connection", "resnet"],
  ["norm", "transformer"],
  ["proj_in", "transformer"],
  ["transformer_blocks", "transformer"],
  ["proj_out", "transformer"],
  ["op", "downsample"],
  ["conv", "upsample"],
  ["weight", "conv"],
  ["bias", "conv"],
]);

type ReadLayer = (reading: Reading, key: string, node: KeyNode, flow: Flow) => UnetLayer;

const readLayer: Readonly<Record<LayerKind, ReadLayer>> = {
  conv({ checkpoint }, key, _node, flow) {
    const inChannels = flow.channels;
    const [outChannels] = shapeOfRank(checkpoint, `${key}.weight`, 4, CONV);
    flow.channels = outChannels;
    return { kind: "conv", key, inChannels, outChannels };
  },
  resnet(reading, key, _node, flow) {
    const [outChannels] = shapeOfRank(reading.checkpoint, `${key}.in_layers.2.weight`, 4, CONV);
    checkMultiple(reading, key, flow.channels, reading.normGroups);
    checkMultiple(reading, key, outChannels, reading.normGroups);
    const inChannels = flow.channels;
    flow.channels = outChannels;
    return { kind: "resnet", key, inChannels, outChannels };
  },
  transformer(reading, key, node, flow) {
    const { channels } = flow;
    const { heads, checkpoint } = reading;
    checkMultiple(reading, key, channels, reading.normGroups);
    checkMultiple(reading, key, channels, "count" in heads ? heads.count : heads.width);
    const blocks = `${key}.transformer_blocks`;
    const depth = numberedChildren(nodeAt(node, "transformer_blocks"), blocks, checkpoint.source.name).length;
    return {
      kind: "transformer",
      key,
      channels,
      depth,
      heads: "count" in heads ? heads.count : channels / heads.width,
    };
  },
  downsample(_reading, key, _node, flow) {
    flow.level++;
    return { kind: "downsample", key, channels: flow.channels };
  },
  upsample(_reading, key, _node, flow) {
    flow.level--;
    return { kind: "upsample", key, channels: flow.channels };
  },
};

export function detectUnet(checkpoint: Checkpoint, family: ModelFamily): UnetConfig {
  const { prefix, heads, normGroups } = family.unet;
  const reading: Reading = { checkpoint, heads, normGroups };
  const tree = keyTree(checkpoint, prefix);
  const [modelChannels, inChannels] = shapeOfRank(checkpoint, `${prefix}input_blocks.0.0.weight`, 4, CONV);
  checkMultiple(reading, `${prefix}input_blocks.0.0.weight`, modelChannels, 2); // half sines, half cosines
  const [outChannels] = shapeOfRank(checkpoint, `${prefix}out.2.weight`, 4, CONV);
  const [timeEmbeddingWidth] = shapeOfRank(checkpoint, `${prefix}time_embed.0.weight`, 2, LINEAR);

  const flow: Flow = { channels: inChannels, level: 0, skips: [] };
  const inputBlocks = readBlocks(reading, tree, `${prefix}input_blocks`, (key, node) => {
    const block = readBlock(reading, key, node, flow);
    flow.skips.push({ channels: flow.channels, level: flow.level });
    return block;
  });
  const middle = nodeAt(tree, "middle_block");
  const middleBlock = middle && readBlock(reading, `${prefix}middle_block`, middle, flow);
  const outputBlocks = readBlocks(reading, tree, `${prefix}output_blocks`, (key, node) => {
    takeSkip(reading, key, flow);
    return readBlock(reading, key, node, flow);
  });
  if (flow.skips.length > 0)
    findTensor(checkpoint, `${prefix}output_blocks.${outputBlocks.length}.0.in_layers.0.weight`);

  if (flow.channels !== modelChannels || flow.level !== 0) {
    throw unsupported(checkpoint, {
      where: `end of ${prefix}output_blocks`,
      expected: `${modelChannels} channels at full resolution, as at the start`,
      got: `${flow.channels} channels at ${2 ** -flow.level} of it`,
    });
  }

  const blocks = [...inputBlocks, ...(middleBlock ? [middleBlock] : []), ...outputBlocks];
  const classEmbedding = `${prefix}label_emb.0.0.weight`;
  const guidanceEmbedding = `${prefix}time_embed.cond_proj.weight`;
  return {
    prefix,
    inChannels,
    outChannels,
    modelChannels,
    timeEmbeddingWidth,
    contextWidth: readContextWidth(checkpoint, prefix, blocks),
    heads,
    linearProjection: family.matches.linearProjection,
    ...(family.matches.classEmbedding && {
      classEmbeddingWidth: shapeOfRank(checkpoint, classEmbedding, 2, LINEAR)[1],
    }),
    ...(family.matches.guidanceEmbedding && {
      guidanceEmbeddingWidth: shapeOfRank(checkpoint, guidanceEmbedding, 2, LINEAR)[1],
    }),
    normGroups,
    inputBlocks,
    ...(middleBlock && { middleBlock }),
    outputBlocks,
  };
}

function readBlocks(
  { checkpoint }: Reading,
  tree: KeyNode,
  key: string,
  read: (key: string, node: KeyNode) => UnetBlock,
): UnetBlock[] {
  const nodes = numberedChildren(
    nodeAt(tree, key.slice(key.lastIndexOf(".") + 1)),
    key,
    checkpoint.source.name,
  );
  return nodes.map((node, index) => read(`${key}.${index}`, node));
}

function readBlock(reading: Reading, key: string, node: KeyNode, flow: Flow): UnetBlock {
  const layers = numberedChildren(node, key, reading.checkpoint.source.name).map((layer, index) => {
    const layerKey = `${key}.${index}`;
    const kinds = [...layer.children.keys()].map((part) => kindOfPart.get(part));
    const kind = kinds.find((known) => known !== undefined);
    if (kind === undefined || kinds.some((other) => other !== undefined && other !== kind)) {
      throw unsupported(reading.checkpoint, {
        where: layerKey,
        expected: "a convolution, residual block, transformer, downsampler or upsampler",
        got: `tensors named ${[...layer.children.keys()].slice(0, 8).join(", ")}`,
      });
    }
    return readLayer[kind](reading, layerKey, layer, flow);
  });
  return { key, layers };
}

/** An output block's input is what came before it and the newest skip connection, at one resolution. */
function takeSkip({ checkpoint }: Reading, key: string, flow: Flow): void {
  const skip = flow.skips.pop();
  if (!skip || skip.level !== flow.level) {
    throw unsupported(checkpoint, {
      where: key,
      expected: skip ? `at the resolution of its skip connection (1/${2 ** skip.level})` : "absent",
      got: skip ? `1/${2 ** flow.level}` : "more output blocks than input blocks",
    });
  }
  flow.channels += skip.channels;
}

function readContextWidth(checkpoint: Checkpoint, prefix: string, blocks: readonly UnetBlock[]): number {
  const transformer = blocks
    .flatMap(({ layers }) => layers)
    .find((layer) => layer.kind === "transformer" && layer.depth > 0);
  if (!transformer) {
    throw unsupported(checkpoint, { where: prefix, expected: "a UNet with cross-attention", got: "none" });
  }
  const key = `${transformer.key}.transformer_blocks.0.attn2.to_k.weight`;
  return shapeOfRank(checkpoint, key, 2, LINEAR)[1];
}

function checkMultiple({ checkpoint }: Reading, key: string, channels: number, of: number): void {
  if (channels % of === 0) return;
  throw unsupported(checkpoint, {
    where: `${key}, channels`,
    expected: `a multiple of ${of}`,
    got: String(channels),
  });
}
