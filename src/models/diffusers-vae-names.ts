// What Diffusers calls the parts of a KL-VAE and what the original layout calls them, generated from the block structure.
// Names only: but for projections stored as Linear instead of 1x1 convolutions, the layouts store the same tensors.

import { nodeAt, numberedChildren, type KeyNode } from "./key-tree.ts";

/** Residual blocks per level of both halves, in Diffusers' order. */
export interface VaeStructure {
  readonly encoder: readonly number[];
  readonly decoder: readonly number[];
}

/** The second of each pair is what Diffusers called it until 2023. */
const attentionNames: readonly (readonly [diffusers: string, original: string])[] = [
  ["group_norm", "norm"],
  ["to_q", "q"],
  ["query", "q"],
  ["to_k", "k"],
  ["key", "k"],
  ["to_v", "v"],
  ["value", "v"],
  ["to_out.0", "proj_out"],
  ["proj_attn", "proj_out"],
];

/** Original module by Diffusers module, without prefix. Modules that both layouts call the same are left out. */
export function diffusersVaeNames({ encoder, decoder }: VaeStructure): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  const addResnet = (diffusers: string, original: string): void => {
    names.set(diffusers, original);
    names.set(`${diffusers}.conv_shortcut`, `${original}.nin_shortcut`);
  };
  for (const half of ["encoder", "decoder"]) {
    names.set(`${half}.conv_norm_out`, `${half}.norm_out`);
    addResnet(`${half}.mid_block.resnets.0`, `${half}.mid.block_1`);
    addResnet(`${half}.mid_block.resnets.1`, `${half}.mid.block_2`);
    for (const [inner, originalInner] of attentionNames)
      names.set(`${half}.mid_block.attentions.0.${inner}`, `${half}.mid.attn_1.${originalInner}`);
  }
  encoder.forEach((resnets, level) => {
    const [from, to] = [`encoder.down_blocks.${level}`, `encoder.down.${level}`];
    for (let index = 0; index < resnets; index++)
      addResnet(`${from}.resnets.${index}`, `${to}.block.${index}`);
    names.set(`${from}.downsamplers.0`, `${to}.downsample`);
  });
  decoder.forEach((resnets, level) => {
    // Diffusers numbers in running order, the original by resolution.
    const [from, to] = [`decoder.up_blocks.${level}`, `decoder.up.${decoder.length - 1 - level}`];
    for (let index = 0; index < resnets; index++)
      addResnet(`${from}.resnets.${index}`, `${to}.block.${index}`);
    names.set(`${from}.upsamplers.0`, `${to}.upsample`);
  });
  return names;
}

/** The structure of a VAE in Diffusers' layout; undefined for other layouts. */
export function diffusersVaeStructure(tree: KeyNode, prefix: string, file: string): VaeStructure | undefined {
  const readHalf = (half: string, side: string): number[] =>
    numberedChildren(nodeAt(tree, `${half}.${side}`), `${prefix}${half}.${side}`, file).map(
      (node, level) =>
        numberedChildren(nodeAt(node, "resnets"), `${prefix}${half}.${side}.${level}.resnets`, file).length,
    );
  const encoder = readHalf("encoder", "down_blocks");
  const decoder = readHalf("decoder", "up_blocks");
  return encoder.length > 0 || decoder.length > 0 ? { encoder, decoder } : undefined;
}
