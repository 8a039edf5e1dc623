// The family table: one row of data per kind of model. Rows hold constants that no tensor tells; dimensions come from shapes.

import type { ModelDefaults } from "../protocol/model-manifest.ts";
import type { Heads, LatentRgbFactors, TextEncoderConfig } from "./model-config.ts";
import { stableDiffusion1 } from "./families/stable-diffusion-1.ts";

/** A text encoder that the family's checkpoints carry, and how to find it. */
export interface FamilyTextEncoder {
  readonly layout: TextEncoderConfig["layout"];
  /** Prefix of its keys in the original layout. */
  readonly prefix: string;
  readonly activation: TextEncoderConfig["activation"];
  readonly headWidth: number;
  readonly maxTokens: number;
}

export interface ModelFamily {
  /** Stored in model records and manifests. */
  readonly id: string;
  readonly name: string;
  /** What tells this family from the others once the UNet's shapes are known. */
  readonly matches: {
    readonly inChannels: number;
    readonly outChannels: number;
    readonly linearProjection: boolean;
    readonly classEmbedding: boolean;
  };
  readonly prediction: "epsilon" | "v";
  readonly noiseSchedule: {
    readonly kind: "scaled-linear";
    readonly betaStart: number;
    readonly betaEnd: number;
    readonly steps: number;
    readonly zeroTerminalSnr: boolean;
  };
  readonly latents: { readonly channels: number; readonly scale: number; readonly shift: number };
  readonly unet: { readonly prefix: string; readonly heads: Heads; readonly normGroups: number };
  readonly vae: { readonly prefix: string; readonly normGroups: number };
  readonly textEncoders: readonly FamilyTextEncoder[];
  readonly defaults: ModelDefaults;
  readonly latentRgbFactors: LatentRgbFactors;
}

/** In the order they are tried. */
export const families: readonly ModelFamily[] = [stableDiffusion1];
