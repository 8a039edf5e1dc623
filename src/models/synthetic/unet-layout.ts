// The configuration of a UNet from the few numbers that published ones differ in, in the original layout's names. The reverse of
// detect-unet.ts, for models that exist nowhere as a file.

import type { UnetBlock, UnetConfig, UnetLayer } from "../model-config.ts";

export interface UnetDimensions {
  readonly channels: number;
  /** Channels of each level as multiples of `channels`. */
  readonly multipliers: readonly number[];
  /** Transformer blocks behind each resnet block of a level; 0 for none. */
  readonly depths: readonly number[];
  readonly middleDepth: number;
  readonly contextWidth: number;
  readonly classEmbeddingWidth?: number;
}

const LATENT_CHANNELS = 4;
const RESNETS_PER_LEVEL = 2;

type Traits = Pick<UnetConfig, "prefix" | "heads" | "linearProjection" | "normGroups">;

export function unetConfig(dimensions: UnetDimensions, traits: Traits): UnetConfig {
  const { channels, multipliers, depths, middleDepth, contextWidth, classEmbeddingWidth } = dimensions;
  const { prefix } = traits;
  const levels = multipliers.map((multiplier) => multiplier * channels);
  let width = channels;
  const resnet = (key: string, inChannels: number, outChannels: number): UnetLayer => {
    width = outChannels;
    return { kind: "resnet", key, inChannels, outChannels };
  };
  const transformer = (key: string, depth: number): UnetLayer => {
    const heads = "count" in traits.heads ? traits.heads.count : width / traits.heads.width;
    return { kind: "transformer", key, channels: width, depth, heads };
  };

  const inputBlocks: UnetBlock[] = [];
  const skips: number[] = [];
  const addInput = (layers: (key: string) => readonly UnetLayer[]): void => {
    const key = `${prefix}input_blocks.${inputBlocks.length}`;
    inputBlocks.push({ key, layers: layers(key) });
    skips.push(width);
  };
  addInput((key) => [{ kind: "conv", key: `${key}.0`, inChannels: LATENT_CHANNELS, outChannels: channels }]);
  levels.forEach((level, index) => {
    for (let i = 0; i < RESNETS_PER_LEVEL; i++) {
      addInput((key) => [
        resnet(`${key}.0`, width, level),
        ...(depths[index] > 0 ? [transformer(`${key}.1`, depths[index])] : []),
      ]);
    }
    if (index < levels.length - 1)
      addInput((key) => [{ kind: "downsample", key: `${key}.0`, channels: width }]);
  });

  const middleKey = `${prefix}middle_block`;
  const middleBlock: UnetBlock = {
    key: middleKey,
    layers: [
      resnet(`${middleKey}.0`, width, width),
      transformer(`${middleKey}.1`, middleDepth),
      resnet(`${middleKey}.2`, width, width),
    ],
  };

  const outputBlocks: UnetBlock[] = [];
  for (let index = levels.length - 1; index >= 0; index--) {
    for (let i = 0; i <= RESNETS_PER_LEVEL; i++) {
      const key = `${prefix}output_blocks.${outputBlocks.length}`;
      const layers = [resnet(`${key}.0`, width + (skips.pop() ?? 0), levels[index])];
      if (depths[index] > 0) layers.push(transformer(`${key}.1`, depths[index]));
      if (index > 0 && i === RESNETS_PER_LEVEL) {
        layers.push({ kind: "upsample", key: `${key}.${layers.length}`, channels: width });
      }
      outputBlocks.push({ key, layers });
    }
  }
  return {
    ...traits,
    inChannels: LATENT_CHANNELS,
    outChannels: LATENT_CHANNELS,
    modelChannels: channels,
    timeEmbeddingWidth: 4 * channels,
    contextWidth,
    ...(classEmbeddingWidth !== undefined && { classEmbeddingWidth }),
    inputBlocks,
    middleBlock,
    outputBlocks,
  };
}
