// The typed description of a checkpoint's networks: what detection finds and graph builders read. Plain data, no code.
// Keys are those of the original (ldm) layout with their full prefix, so `checkpoint.tensors.get(key + ".weight")` works.

import type { Checkpoint } from "../weights/checkpoint.ts";
import type { ModelFamily } from "./families.ts";

/** Attention heads as a fixed number (SD 1.x) or as channels per head (SD 2.x, SDXL). */
export type Heads = { readonly count: number } | { readonly width: number };

export interface TextEncoderConfig {
  /** "clip": transformers' names, q/k/v apart. "open-clip": resblocks with a fused in_proj. */
  readonly layout: "clip" | "open-clip";
  /** Ends with a dot: "cond_stage_model.transformer.text_model." */
  readonly prefix: string;
  readonly width: number;
  /** As stored, with those that are left out. */
  readonly layers: number;
  /** How many of the last layers the family's conditioning leaves out. */
  readonly leftOutLayers: number;
  /** Whether the final norm is applied to the conditioning. */
  readonly finalNorm: boolean;
  /** width / 64 in every published CLIP. */
  readonly heads: number;
  /** Inner width of the MLP. */
  readonly mlpWidth: number;
  readonly activation: "quick_gelu" | "gelu";
  readonly vocabulary: number;
  readonly maxTokens: number;
  /** What fills a chunk behind the end token: the end token again, or token 0. */
  readonly padding: "end" | "zero";
  /**
   * For families that also condition on the prompt as a whole: the last layer's output at the end token, after the final norm,
   * times this matrix: [width, pooled] in "open-clip", [pooled, width] in "clip".
   */
  readonly pooling?: { readonly key: string; readonly width: number };
}

/** One layer of a UNet block, in the order it runs. `key` has no trailing dot. */
export type UnetLayer =
  /** 3x3, padding 1. */
  | { readonly kind: "conv"; readonly key: string; readonly inChannels: number; readonly outChannels: number }
  | {
      readonly kind: "resnet";
      readonly key: string;
      readonly inChannels: number;
      readonly outChannels: number;
    }
  | {
      readonly kind: "transformer";
      readonly key: string;
      readonly channels: number;
      /** Number of `transformer_blocks`. */
      readonly depth: number;
      readonly heads: number;
    }
  /** Stride-2 convolution at `${key}.op`. */
  | { readonly kind: "downsample"; readonly key: string; readonly channels: number }
  /** Nearest-neighbour enlargement to the size of the next skip connection, then the convolution at `${key}.conv`. */
  | { readonly kind: "upsample"; readonly key: string; readonly channels: number };

export interface UnetBlock {
  /** "model.diffusion_model.input_blocks.1" */
  readonly key: string;
  readonly layers: readonly UnetLayer[];
}

export interface UnetConfig {
  /** Ends with a dot: "model.diffusion_model." */
  readonly prefix: string;
  readonly inChannels: number;
  readonly outChannels: number;
  /** Channels after the first convolution; also the width of the sinusoidal timestep embedding. */
  readonly modelChannels: number;
  /** Width of `time_embed`'s output, 4 · modelChannels in every published model. */
  readonly timeEmbeddingWidth: number;
  readonly contextWidth: number;
  readonly heads: Heads;
  /** Transformers' proj_in and proj_out are Linear [c, c] (SD 2.x, SDXL), not 1x1 Conv [c, c, 1, 1]. */
  readonly linearProjection: boolean;
  /** Width of the vector `y` that `label_emb` takes (SDXL 2816), for families that have one. */
  readonly classEmbeddingWidth?: number;
  /** Width of the guidance scale's embedding that `time_embed.cond_proj` adds to the timestep's, for LCM. */
  readonly guidanceEmbeddingWidth?: number;
  readonly normGroups: number;
  /** Each block's output is kept; output blocks concatenate them behind their input, last one first. */
  readonly inputBlocks: readonly UnetBlock[];
  /** Absent in UNets pruned of it. */
  readonly middleBlock?: UnetBlock;
  readonly outputBlocks: readonly UnetBlock[];
}

/** One layer of a VAE half, in the order it runs. `key` has no trailing dot. */
export type VaeLayer =
  | {
      readonly kind: "conv";
      readonly key: string;
      readonly inChannels: number;
      readonly outChannels: number;
      readonly kernel: 1 | 3;
    }
  | {
      readonly kind: "resnet";
      readonly key: string;
      readonly inChannels: number;
      readonly outChannels: number;
    }
  /** One head over all channels; q, k, v and proj_out are 1x1 Conv, or Linear where `linear`. */
  | { readonly kind: "attention"; readonly key: string; readonly channels: number; readonly linear: boolean }
  /** Pads right and bottom by one, then the stride-2 convolution at `${key}.conv`. */
  | { readonly kind: "downsample"; readonly key: string; readonly channels: number }
  /** Nearest-neighbour doubling, then the convolution at `${key}.conv`. */
  | { readonly kind: "upsample"; readonly key: string; readonly channels: number }
  /** GroupNorm at `key` followed by SiLU. */
  | { readonly kind: "norm"; readonly key: string; readonly channels: number };

/** One number for all latent channels, or one for each. */
export type PerChannel = number | readonly number[];

export interface VaeConfig {
  /** Ends with a dot: "first_stage_model." */
  readonly prefix: string;
  readonly latentChannels: number;
  readonly normGroups: number;
  /** Pixels per latent along one side: 8 for the Stable Diffusion families. */
  readonly downscale: number;
  /** Samplers see (z - shift) · scale, where z is what the encoder's mean is. */
  readonly scale: PerChannel;
  readonly shift: PerChannel;
  /** Pixels to moments: conv_in, ..., norm_out, conv_out, and quant_conv where the file has it. */
  readonly encoder: readonly VaeLayer[];
  /** Unscaled latents to pixels: post_quant_conv where the file has it, conv_in, ..., norm_out, conv_out. */
  readonly decoder: readonly VaeLayer[];
}

/** Scaled latents to display RGB for previews: rgb in 0..1 = (latents · factors + bias + 1) / 2. */
export interface LatentRgbFactors {
  /** One row [r, g, b] per latent channel. */
  readonly factors: readonly (readonly [number, number, number])[];
  readonly bias: readonly [number, number, number];
}

/**
 * The UNet's class embedding is the pooled prompt followed by these numbers, each as sinusoids of `width` (cosines first), or as
 * they are where the network makes the sinusoids itself. Sizes and crops are in pixels.
 */
export interface SizeConditioning {
  readonly fields: readonly SizeField[];
  readonly width: number | "plain";
}

export type SizeField =
  "height" | "width" | "cropTop" | "cropLeft" | "targetHeight" | "targetWidth" | "aestheticScore";

/**
 * What a UNet sees behind the noisy latents: a mask (1 where the picture is to change), scaled latents of the picture with
 * grey where the mask is, or unscaled latents of the picture to edit.
 */
export type ExtraChannel = "mask" | "maskedLatents" | "editedLatents";

/** What a generation must know of a model, whether its graphs are built from weights or were published. */
export interface ModelTraits {
  readonly family: ModelFamily;
  readonly textEncoders: readonly Pick<TextEncoderConfig, "width" | "vocabulary" | "padding">[];
  readonly unet: Pick<UnetConfig, "outChannels" | "contextWidth" | "guidanceEmbeddingWidth">;
  readonly vae: Pick<VaeConfig, "latentChannels" | "downscale" | "scale" | "shift">;
  readonly sizeConditioning?: SizeConditioning;
  /** From the file's metadata where it has valid ones, else the family's. */
  readonly latentRgbFactors: LatentRgbFactors;
}

/** A checkpoint, of which all graphs are built. */
export interface DetectedModel extends ModelTraits {
  /** The file's tensors under the keys that the configs use; the same tensors as in the file, renamed where it differs. */
  readonly checkpoint: Checkpoint;
  readonly textEncoders: readonly TextEncoderConfig[];
  readonly unet: UnetConfig;
  readonly vae: VaeConfig;
}
