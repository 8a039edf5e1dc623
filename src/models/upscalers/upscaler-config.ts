// The typed description of an upscaler: what detection finds and the graph builder reads. Plain data, no code.

import type { Checkpoint } from "../../weights/checkpoint.ts";

/** Five convolutions, each over all that came before it. Keys have no trailing ".weight". */
export interface DenseBlock {
  readonly convolutions: readonly string[];
  /** ESRGAN+ only: a 1x1 convolution without bias, from the block's input to its second layer. */
  readonly shortcut?: string;
}

/** ESRGAN, BSRGAN, Real-ESRGAN and their descendants. */
export interface RrdbNetConfig {
  readonly architecture: "rrdb-net";
  /** Output pixels per input pixel along one side. */
  readonly scale: number;
  /** Squares of this side go from pixels into channels first (Real-ESRGAN x1 and x2); 1 where nothing does. */
  readonly unshuffle: number;
  readonly channels: number;
  /** Channels that each of a dense block's convolutions but the last adds. */
  readonly growth: number;
  readonly first: string;
  /** Dense blocks by residual block. */
  readonly blocks: readonly (readonly DenseBlock[])[];
  /** Behind the last block. */
  readonly trunk: string;
  /** Each behind a doubling. */
  readonly upsamples: readonly string[];
  readonly high: string;
  readonly last: string;
}

/** Real-ESRGAN's compact network: convolutions and PReLU at input size, pixels only at the end. */
export interface SrvggNetConfig {
  readonly architecture: "srvgg-net";
  readonly scale: number;
  readonly channels: number;
  /** Each followed by the PReLU of the same index. */
  readonly convolutions: readonly string[];
  readonly activations: readonly string[];
  readonly last: string;
}

export type UpscalerConfig = RrdbNetConfig | SrvggNetConfig;

export interface DetectedUpscaler {
  readonly checkpoint: Checkpoint;
  readonly config: UpscalerConfig;
}
