// The family table: one row of data per kind of model. Rows hold constants that no tensor tells; dimensions come from shapes.

import type { ModelDefaults } from "../protocol/model-manifest.ts";
import type {
  ExtraChannel,
  Heads,
  LatentRgbFactors,
  PerChannel,
  SizeField,
  TextEncoderConfig,
} from "./model-config.ts";
import {
  instructPix2Pix1,
  latentConsistency1,
  stableDiffusion1,
  stableDiffusion1Inpainting,
  stableDiffusion1Lcm,
  stableDiffusion1V,
  stableDiffusion1ZeroSnr,
} from "./families/stable-diffusion-1.ts";
import {
  stableDiffusion2Base,
  stableDiffusion2Inpainting,
  stableDiffusion2V,
  stableDiffusion2ZeroSnr,
  stableDiffusionTurbo,
} from "./families/stable-diffusion-2.ts";
import {
  cosXl,
  instructPix2PixXl,
  latentConsistencyXl,
  playground25,
  stableDiffusionXl,
  stableDiffusionXlInpainting,
  stableDiffusionXlLcm,
  stableDiffusionXlLightning,
  stableDiffusionXlRefiner,
  stableDiffusionXlTurbo,
  stableDiffusionXlV,
  stableDiffusionXlZeroSnr,
} from "./families/stable-diffusion-xl.ts";

/** Where files keep a text encoder, in the original layout's names. */
export interface TextEncoderPlace {
  readonly layout: TextEncoderConfig["layout"];
  readonly prefix: string;
  readonly leftOutLayers: number;
  /** Files with exactly this many layers come from a conversion that dropped those to be left out. */
  readonly layersWhenTrimmed?: number;
}

/** A text encoder that the family's checkpoints carry, and how its output is used. */
export interface FamilyTextEncoder {
  /** In the order they are tried. */
  readonly places: readonly TextEncoderPlace[];
  readonly activation: TextEncoderConfig["activation"];
  readonly headWidth: number;
  readonly maxTokens: number;
  readonly padding: TextEncoderConfig["padding"];
  readonly finalNorm: boolean;
  /** Whether the family conditions on its pooled output too. */
  readonly pooled: boolean;
}

/** Trained on numbered steps. */
export interface DiscreteNoise {
  readonly kind: "scaled-linear";
  readonly betaStart: number;
  readonly betaEnd: number;
  readonly steps: number;
  readonly zeroTerminalSnr: boolean;
}

/** Trained on any sigma of a range. */
export interface ContinuousNoise {
  readonly kind: "continuous";
  readonly sigmaMin: number;
  readonly sigmaMax: number;
}

export interface ModelFamily {
  /** Stored in model records and manifests. */
  readonly id: string;
  readonly name: string;
  /** The UNet's shapes that tell architectures apart. Together with the text encoders they decide which rows a file fits. */
  readonly matches: {
    readonly inChannels: number;
    readonly outChannels: number;
    readonly linearProjection: boolean;
    readonly classEmbedding: boolean;
    readonly guidanceEmbedding: boolean;
  };
  /**
   * Where several rows fit a file and it says nothing of its training, one whose pattern is in its title or file name is taken
   * before the first of them.
   */
  readonly named?: RegExp;
  readonly prediction: "epsilon" | "v" | "edm";
  readonly noiseSchedule: DiscreteNoise | ContinuousNoise;
  readonly latents: { readonly channels: number; readonly scale: PerChannel; readonly shift: PerChannel };
  /** What the UNet sees behind the latents, in this order, where `matches` has more input than output channels. */
  readonly extraChannels?: readonly ExtraChannel[];
  readonly unet: { readonly prefix: string; readonly heads: Heads; readonly normGroups: number };
  readonly vae: { readonly prefix: string; readonly normGroups: number };
  /** Their outputs are joined along the width, in this order. */
  readonly textEncoders: readonly FamilyTextEncoder[];
  /** What follows the pooled prompt in the class embedding. */
  readonly sizeConditioning?: readonly SizeField[];
  /** An empty negative prompt conditions on zeros instead of the encoded empty text. */
  readonly zeroEmptyNegative: boolean;
  readonly defaults: ModelDefaults;
  readonly latentRgbFactors: LatentRgbFactors;
}

/** Of the rows that fit a file equally well, the first is taken. */
export const families: readonly ModelFamily[] = [
  stableDiffusion1,
  stableDiffusion1V,
  stableDiffusion1ZeroSnr,
  stableDiffusion1Lcm,
  latentConsistency1,
  stableDiffusion1Inpainting,
  instructPix2Pix1,
  stableDiffusion2V,
  stableDiffusion2ZeroSnr,
  stableDiffusion2Base,
  stableDiffusionTurbo,
  stableDiffusion2Inpainting,
  stableDiffusionXl,
  stableDiffusionXlTurbo,
  stableDiffusionXlLightning,
  stableDiffusionXlLcm,
  stableDiffusionXlV,
  stableDiffusionXlZeroSnr,
  cosXl,
  playground25,
  latentConsistencyXl,
  stableDiffusionXlInpainting,
  instructPix2PixXl,
  stableDiffusionXlRefiner,
];
