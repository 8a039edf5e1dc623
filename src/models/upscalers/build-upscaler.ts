// An upscaler as a graph, whatever its architecture, and how much memory one asks for. Knows nothing of tiles.

import { GraphBuilder } from "../../onnx/graph-builder.ts";
import type { Value } from "../../onnx/graph.ts";
import type { OnnxModel } from "../../onnx/onnx-model.ts";
import { BYTES_PER_ELEMENT } from "../../onnx/tensor-bytes.ts";
import type { Checkpoint } from "../../weights/checkpoint.ts";
import type { Dialect, Precision } from "../dialects.ts";
import type { LayerContext } from "../layers/layer-context.ts";
import { rrdbNet } from "./rrdb-net.ts";
import { srvggNet } from "./srvgg-net.ts";
import type { UpscalerConfig } from "./upscaler-config.ts";

const PIXEL_CHANNELS = 3;

export interface UpscalerOptions {
  readonly dialect: Dialect;
  /** Of the picture or tile that goes in; any size. */
  readonly height: number;
  readonly width: number;
}

/** pixels [1, 3, height, width] float32 in 0..1 → upscaled [1, 3, scale · height, scale · width] in about 0..1. */
export function buildUpscaler(
  checkpoint: Checkpoint,
  config: UpscalerConfig,
  { dialect, height, width }: UpscalerOptions,
): OnnxModel {
  const graph = new GraphBuilder("upscaler");
  const pixels = graph.input("pixels", "float32", [1, PIXEL_CHANNELS, height, width]);
  graph.output("upscaled", network({ graph, checkpoint, dialect }, config, pixels));
  return graph.build();
}

function network(c: LayerContext, config: UpscalerConfig, pixels: Value): Value {
  switch (config.architecture) {
    case "rrdb-net":
      return rrdbNet(c, config, pixels);
    case "srvgg-net":
      return srvggNet(c, config, pixels);
    default:
      return config satisfies never;
  }
}

/**
 * Bytes of the largest tensor between two layers, per pixel that goes in: what the device's limit on one buffer leaves for a
 * tile. About three of them are alive at a time.
 */
export function largestTensorBytesPerPixel(config: UpscalerConfig, precision: Precision): number {
  return widestLayer(config) * BYTES_PER_ELEMENT[precision];
}

/** Values per input pixel. */
function widestLayer(config: UpscalerConfig): number {
  switch (config.architecture) {
    case "rrdb-net": {
      const { channels, growth, unshuffle, scale } = config;
      return Math.max(channels * scale ** 2, (channels + 4 * growth) / unshuffle ** 2);
    }
    case "srvgg-net":
      return Math.max(config.channels, PIXEL_CHANNELS * config.scale ** 2);
    default:
      return config satisfies never;
  }
}
