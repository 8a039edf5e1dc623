// The components a pipeline works with, as interfaces: the engine implements them on a runtime, tests with arithmetic.
// X is where latents live (Float32Array on the CPU, a device buffer on WebGPU), as in sampling/sampler.ts.

import type { LatentMath } from "../sampling/sampler.ts";

/** Output of the text encoder for one prompt, all chunks joined: context [tokens, width]. */
export interface Conditioning {
  readonly tokens: number;
  readonly width: number;
  readonly context: Float32Array;
  /** Pooled vector, for families that condition on one. */
  readonly pooled?: Float32Array;
}

export interface TextEncoder {
  /** Token ids of one chunk, [77] with start and end, → last used hidden state after the final norm, [77, width]. */
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
  /** Uploads conditioning once per job; pads the shorter of several to the longest by repetition. */
  prepare(conditionings: readonly Conditioning[]): Promise<readonly PreparedConditioning[]>;
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
