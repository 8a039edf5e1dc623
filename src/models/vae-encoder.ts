// The VAE's encoder as a graph: one picture to the mean and log-variance of its latents, unscaled. float32 in every dialect.

import { GraphBuilder } from "../onnx/graph-builder.ts";
import type { Value } from "../onnx/graph.ts";
import type { OnnxModel } from "../onnx/onnx-model.ts";
import type { Checkpoint } from "../weights/checkpoint.ts";
import { withWholeWeights, type Dialect } from "./dialects.ts";
import { vaeLayer } from "./layers/vae-layer.ts";
import type { VaeConfig } from "./model-config.ts";

const PIXEL_CHANNELS = 3;

export interface VaeEncoderOptions {
  readonly dialect: Dialect;
  /** Of the picture; multiples of the VAE's downscale. */
  readonly height: number;
  readonly width: number;
}

// pixels [1, 3, height, width] ── layers ── moments [1, 2c, height / 8, width / 8]
export function buildVaeEncoder(
  checkpoint: Checkpoint,
  config: VaeConfig,
  options: VaeEncoderOptions,
): OnnxModel {
  const { dialect, height, width } = options;
  const graph = new GraphBuilder("vae-encoder");
  const c = { graph, checkpoint, dialect: withWholeWeights(dialect) };
  const pixels: Value = graph.input("pixels", "float32", [1, PIXEL_CHANNELS, height, width]);
  graph.output(
    "moments",
    config.encoder.reduce((x, layer) => vaeLayer(c, config, layer, x), pixels),
  );
  return graph.build();
}
