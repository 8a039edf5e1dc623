// The components a pipeline works with, as interfaces: the engine implements them on a runtime, tests with arithmetic.
// X is where latents live (Float32Array on the CPU, a device buffer on WebGPU), as in sampling/sampler.ts.

import type { LatentMath } from "../sampling/sampler.ts";

/** What the network is told of one prompt, apart from the timestep. */
export interface Conditioning {
  /** All text encoders' outputs side by side, all chunks behind each other: context [tokens, width]. */
  readonly tokens: number;
  readonly width: number;
  readonly context: Float32Array;
  /** The pooled prompt and the picture's sizes, for families that condition on them. */
  readonly classEmbedding?: Float32Array;
  /** The guidance scale, for networks that take it as an input. */
  readonly guidanceEmbedding?: Float32Array;
  /**
   * Channels that the network sees behind the noisy latents, for inpainting and editing models: [channels, h, w], the same for
   * every picture of the batch.
   */
  readonly extraChannels?: Float32Array;
}

export interface TextEncoder {
  /** Token ids of one chunk, [77] with start and end, → hidden state that the family uses, [77, width], and pooled prompt. */
  encode(tokenIds: Int32Array, clipSkip: number): Promise<{ hidden: Float32Array; pooled?: Float32Array }>;
  readonly width: number;
}

/** Conditioning made ready on the device, valid until the model is disposed or released. */
export interface PreparedConditioning {
  release(): void;
}

export interface DiffusionModel<X> {
  readonly math: LatentMath<X>;
  /**
   * Raw network output (epsilon, v or flow) for latents already scaled for the network, once per conditioning, all in one
   * forward. x is [batch, channels, h, w]; the timestep may be fractional.
   */
  predict(x: X, timestep: number, conditionings: readonly PreparedConditioning[]): Promise<readonly X[]>;
  /** Brings all conditionings of a job to one length, the shorter ones by repetition. They are uploaded when they are used. */
  prepare(conditionings: readonly Conditioning[]): readonly PreparedConditioning[];
  /** Loads what predict() of these needs, so that the first step takes no longer than the others. */
  warmUp(conditionings: readonly PreparedConditioning[]): Promise<void>;
}

/** Pixels as networks see them: float32 [3, height, width] in -1..1. */
export interface PixelTensor {
  readonly width: number;
  readonly height: number;
  readonly data: Float32Array;
}

export interface Vae<X> {
  /** Sampler latents [batch, channels, h, w] (scaled) → one picture per batch item. */
  decode(latents: X): Promise<readonly PixelTensor[]>;
  /** A picture → mean and log-variance of the posterior, [2, channels, h, w], unscaled. */
  encode(pixels: PixelTensor): Promise<Float32Array>;
}
