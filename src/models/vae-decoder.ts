// The VAE's decoder as a graph: latents as samplers see them to pixels. float32 in every dialect.

import { GraphBuilder } from "../onnx/graph-builder.ts";
import type { Value } from "../onnx/graph.ts";
import type { OnnxModel } from "../onnx/onnx-model.ts";
import { add, mul } from "../onnx/ops.ts";
import type { Checkpoint } from "../weights/checkpoint.ts";
import { withWholeWeights, type Dialect } from "./dialects.ts";
import { vaeLayer } from "./layers/vae-layer.ts";
import type { PerChannel, VaeConfig } from "./model-config.ts";

export interface VaeDecoderOptions {
  readonly dialect: Dialect;
  readonly batch: number;
  readonly latentHeight: number;
  readonly latentWidth: number;
}

// latents [n, c, h, w] ── × 1/scale ── + shift ── layers ── pixels [n, 3, 8h, 8w]
export function buildVaeDecoder(
  checkpoint: Checkpoint,
  config: VaeConfig,
  options: VaeDecoderOptions,
): OnnxModel {
  const { dialect, batch, latentHeight, latentWidth } = options;
  const graph = new GraphBuilder("vae-decoder");
  const c = { graph, checkpoint, dialect: withWholeWeights(dialect) };
  const latents = graph.input("latents", "float32", [
    batch,
    config.latentChannels,
    latentHeight,
    latentWidth,
  ]);
  const inverse = perChannel(config.scale).map((scale) => 1 / scale);
  let x = mul(graph, "unscale", latents, channelConstant(graph, inverse));
  if (config.shift !== 0) x = add(graph, "unscale", x, channelConstant(graph, perChannel(config.shift)));
  for (const layer of config.decoder) x = vaeLayer(c, config, layer, x);
  graph.output("pixels", x);
  return graph.build();
}

const perChannel = (value: PerChannel): readonly number[] => (typeof value === "number" ? [value] : value);

/** Broadcasts with [n, c, h, w]. */
function channelConstant(graph: GraphBuilder, values: readonly number[]): Value {
  return graph.constant("float32", [1, values.length, 1, 1], values);
}
