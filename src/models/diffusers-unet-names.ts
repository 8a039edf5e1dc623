// What Diffusers calls the parts of a UNet and what the original layout calls them, generated from the block structure.
// Names only: the layouts store the same tensors.

import { nodeAt, numberedChildren, type KeyNode } from "./key-tree.ts";

/** One resolution: residual blocks, the first `attentions` of them followed by a transformer, then perhaps a resampler. */
export interface UnetLevel {
  readonly resnets: number;
  readonly attentions: number;
  readonly resampler: boolean;
}

export interface UnetStructure {
  readonly down: readonly UnetLevel[];
  readonly middle: UnetLevel;
  readonly up: readonly UnetLevel[];
}

const topNames: readonly (readonly [diffusers: string, original: string])[] = [
  ["conv_in", "input_blocks.0.0"],
  ["time_embedding.linear_1", "time_embed.0"],
  ["time_embedding.linear_2", "time_embed.2"],
  ["time_embedding.cond_proj", "time_embed.cond_proj"],
  ["add_embedding.linear_1", "label_emb.0.0"],
  ["add_embedding.linear_2", "label_emb.0.2"],
  ["conv_norm_out", "out.0"],
  ["conv_out", "out.2"],
];

const resnetNames: readonly (readonly [diffusers: string, original: string])[] = [
  ["norm1", "in_layers.0"],
  ["conv1", "in_layers.2"],
  ["time_emb_proj", "emb_layers.1"],
  ["norm2", "out_layers.0"],
  ["conv2", "out_layers.3"],
  ["conv_shortcut", "skip_connection"],
];

/** Original module by Diffusers module, without prefix; inside transformers both layouts agree. */
export function diffusersUnetNames({ down, middle, up }: UnetStructure): ReadonlyMap<string, string> {
  const names = new Map(topNames);
  const addResnet = (diffusers: string, original: string): void => {
    for (const [inner, originalInner] of resnetNames)
      names.set(`${diffusers}.${inner}`, `${original}.${originalInner}`);
  };

  let block = 1; // input block 0 is the first convolution
  down.forEach(({ resnets, attentions, resampler }, level) => {
    for (let index = 0; index < resnets; index++, block++) {
      addResnet(`down_blocks.${level}.resnets.${index}`, `input_blocks.${block}.0`);
      if (index < attentions)
        names.set(`down_blocks.${level}.attentions.${index}`, `input_blocks.${block}.1`);
    }
    // A block of its own.
    if (resampler) names.set(`down_blocks.${level}.downsamplers.0.conv`, `input_blocks.${block++}.0.op`);
  });

  let layer = 0;
  for (let index = 0; index < middle.resnets; index++) {
    addResnet(`mid_block.resnets.${index}`, `middle_block.${layer++}`);
    if (index < middle.attentions) names.set(`mid_block.attentions.${index}`, `middle_block.${layer++}`);
  }

  block = 0;
  up.forEach(({ resnets, attentions, resampler }, level) => {
    for (let index = 0; index < resnets; index++, block++) {
      addResnet(`up_blocks.${level}.resnets.${index}`, `output_blocks.${block}.0`);
      if (index < attentions) names.set(`up_blocks.${level}.attentions.${index}`, `output_blocks.${block}.1`);
    }
    if (!resampler) return;
    // Part of the level's last block.
    const place = attentions === resnets ? 2 : 1;
    names.set(`up_blocks.${level}.upsamplers.0.conv`, `output_blocks.${block - 1}.${place}.conv`);
  });
  return names;
}

/** The structure of a UNet in Diffusers' layout; undefined for other layouts. */
export function diffusersUnetStructure(
  tree: KeyNode,
  prefix: string,
  file: string,
): UnetStructure | undefined {
  if (!nodeAt(tree, "down_blocks") && !nodeAt(tree, "up_blocks")) return undefined;
  const count = (node: KeyNode | undefined, part: string, key: string): number =>
    numberedChildren(node && nodeAt(node, part), `${key}.${part}`, file).length;
  const readLevel = (node: KeyNode | undefined, key: string): UnetLevel => ({
    resnets: count(node, "resnets", key),
    attentions: count(node, "attentions", key),
    resampler: count(node, "downsamplers", key) + count(node, "upsamplers", key) > 0,
  });
  const readLevels = (side: string): UnetLevel[] =>
    numberedChildren(nodeAt(tree, side), prefix + side, file).map((node, level) =>
      readLevel(node, `${prefix}${side}.${level}`),
    );
  return {
    down: readLevels("down_blocks"),
    middle: readLevel(nodeAt(tree, "mid_block"), `${prefix}mid_block`),
    up: readLevels("up_blocks"),
  };
}
