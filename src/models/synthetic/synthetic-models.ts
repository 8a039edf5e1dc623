// The models that are measured, as tables of dimensions: every tensor of a checkpoint that exists nowhere as a file. Reads nothing
// and runs nothing.

import type { ByteSource } from "../../weights/byte-source.ts";
import { randomSource } from "../../weights/random-source.ts";
import { families, type ModelFamily } from "../families.ts";
import type { TextEncoderConfig, VaeConfig } from "../model-config.ts";
import { textEncoderTensors, unetTensors, vaeTensors } from "../required-tensors.ts";
import type { TensorNeed } from "../tensor-checks.ts";
import { rrdbLayouts } from "../upscalers/rrdb-layouts.ts";
import type { RrdbNetConfig } from "../upscalers/upscaler-config.ts";
import { upscalerTensors } from "../upscalers/upscaler-tensors.ts";
import { randomTensor } from "./random-tensors.ts";
import { unetConfig, type UnetDimensions } from "./unet-layout.ts";
import { vaeLayers } from "./vae-layout.ts";

/** "full" is the published size; "small" has the same structure and runs on any machine in seconds. */
export type SyntheticSize = "full" | "small";

interface TextDimensions {
  readonly width: number;
  readonly layers: number;
  readonly vocabulary: number;
  readonly pooledWidth?: number;
}

interface ModelDimensions {
  readonly text: readonly TextDimensions[];
  readonly unet: UnetDimensions;
  readonly vae: readonly number[];
}

interface CheckpointRow {
  readonly family: ModelFamily["id"];
  readonly dimensions: Readonly<Record<SyntheticSize, ModelDimensions>>;
}

const VAE = { full: [128, 256, 512, 512], small: [32, 32, 64, 64] } as const;
const CLIP_VOCABULARY = 49408;
const MAX_TOKENS = 77;
/** SDXL: pooled prompt and six sizes of 256 numbers. */
const SIZE_FIELDS_WIDTH = { full: 6 * 256, small: 6 * 16 };
const CLIP_L = { width: 768, layers: 12, vocabulary: CLIP_VOCABULARY };
// Full-size prompts need the real tokenizer, so the vocabulary has its size in small models too.
const SMALL_TEXT = { width: 64, layers: 2, vocabulary: CLIP_VOCABULARY };
const SD1_LEVELS = { multipliers: [1, 2, 4, 4], depths: [1, 1, 1, 0], middleDepth: 1 };

const checkpointRows = {
  "sd-1.5": {
    family: "sd1",
    dimensions: {
      full: { text: [CLIP_L], unet: { channels: 320, ...SD1_LEVELS, contextWidth: 768 }, vae: VAE.full },
      small: { text: [SMALL_TEXT], unet: { channels: 32, ...SD1_LEVELS, contextWidth: 64 }, vae: VAE.small },
    },
  },
  "sd-2.1-base": {
    family: "sd2-base",
    dimensions: {
      full: {
        text: [{ width: 1024, layers: 24, vocabulary: CLIP_VOCABULARY }],
        unet: { channels: 320, ...SD1_LEVELS, contextWidth: 1024 },
        vae: VAE.full,
      },
      small: { text: [SMALL_TEXT], unet: { channels: 64, ...SD1_LEVELS, contextWidth: 64 }, vae: VAE.small },
    },
  },
  sdxl: {
    family: "sdxl",
    dimensions: {
      full: {
        text: [CLIP_L, { width: 1280, layers: 32, vocabulary: CLIP_VOCABULARY, pooledWidth: 1280 }],
        unet: {
          channels: 320,
          multipliers: [1, 2, 4],
          depths: [0, 2, 10],
          middleDepth: 10,
          contextWidth: 2048,
          classEmbeddingWidth: 1280 + SIZE_FIELDS_WIDTH.full,
        },
        vae: VAE.full,
      },
      small: {
        text: [SMALL_TEXT, { ...SMALL_TEXT, pooledWidth: 64 }],
        unet: {
          channels: 64,
          multipliers: [1, 2, 4],
          depths: [0, 1, 2],
          middleDepth: 2,
          contextWidth: 128,
          classEmbeddingWidth: 64 + SIZE_FIELDS_WIDTH.small,
        },
        vae: VAE.small,
      },
    },
  },
} as const satisfies Record<string, CheckpointRow>;

const UPSCALER = {
  full: { channels: 64, growth: 32, blocks: 23 },
  small: { channels: 8, growth: 4, blocks: 1 },
} as const;

export type SyntheticCheckpointId = keyof typeof checkpointRows;
export const SYNTHETIC_CHECKPOINTS = Object.keys(checkpointRows) as readonly SyntheticCheckpointId[];
export const SYNTHETIC_UPSCALER = "rrdbnet-x4";
export type SyntheticModelId = SyntheticCheckpointId | typeof SYNTHETIC_UPSCALER;

const SEED = 20260101;

/** The row of models/families.ts that a synthetic checkpoint is of. */
export function syntheticFamily(id: SyntheticCheckpointId): ModelFamily {
  const { family } = checkpointRows[id];
  const row = families.find((candidate) => candidate.id === family);
  if (!row) throw new Error(`${id}: there is no family ${family}`);
  return row;
}

/** A whole model file of random weights, made while it is read. */
export function syntheticModel(id: SyntheticModelId, size: SyntheticSize): ByteSource {
  const tensors =
    id === SYNTHETIC_UPSCALER ? upscalerTensors(rrdbNetConfig(size)) : checkpointTensors(id, size);
  return randomSource(`${id}-${size}.safetensors`, tensors.map(randomTensor), SEED);
}

function checkpointTensors(id: SyntheticCheckpointId, size: SyntheticSize): readonly TensorNeed[] {
  const family = syntheticFamily(id);
  const dimensions: ModelDimensions = checkpointRows[id].dimensions[size];
  const { linearProjection } = family.matches;
  const unet = unetConfig(dimensions.unet, { ...family.unet, linearProjection });
  const vae: VaeConfig = {
    ...family.vae,
    latentChannels: family.latents.channels,
    downscale: 2 ** (dimensions.vae.length - 1),
    scale: family.latents.scale,
    shift: family.latents.shift,
    ...vaeLayers(family.vae.prefix, dimensions.vae),
  };
  const text = dimensions.text.map((encoder, index) => textEncoderConfig(family, index, encoder));
  // A family may leave layers out of the conditioning; published files have them all the same.
  const whole = text.map((encoder) => ({ ...encoder, leftOutLayers: 0 }));
  return [...whole.flatMap(textEncoderTensors), ...unetTensors(unet), ...vaeTensors(vae)];
}

function textEncoderConfig(
  family: ModelFamily,
  index: number,
  { width, layers, vocabulary, pooledWidth }: TextDimensions,
): TextEncoderConfig {
  const { places, activation, headWidth, maxTokens, padding, finalNorm } = family.textEncoders[index];
  const { layout, prefix, leftOutLayers } = places[0];
  return {
    layout,
    prefix,
    width,
    layers,
    leftOutLayers,
    finalNorm,
    heads: width / headWidth,
    mlpWidth: 4 * width,
    activation,
    vocabulary,
    maxTokens: Math.min(maxTokens, MAX_TOKENS),
    padding,
    ...(pooledWidth !== undefined && { pooling: { key: `${prefix}text_projection`, width: pooledWidth } }),
  };
}

/** Real-ESRGAN x4 in the names of ESRGAN as first published. */
function rrdbNetConfig(size: SyntheticSize): RrdbNetConfig {
  const [layout] = rrdbLayouts;
  const { channels, growth, blocks } = UPSCALER[size];
  const upsamples = 2;
  return {
    architecture: "rrdb-net",
    scale: 2 ** upsamples,
    unshuffle: 1,
    channels,
    growth,
    first: layout.first,
    blocks: Array.from({ length: blocks }, (_, block) =>
      [1, 2, 3].map((dense) => ({
        convolutions: [1, 2, 3, 4, 5].map(
          (number) => `${layout.blocks}.${block}.${layout.dense(dense)}.${layout.convolution(number)}`,
        ),
      })),
    ),
    trunk: layout.trunk(blocks),
    upsamples: [1, 2].map(layout.upsample),
    high: layout.high(upsamples),
    last: layout.last(upsamples),
  };
}
