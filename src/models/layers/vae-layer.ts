// One layer of a VAE half by its row in the config; encoder and decoder are lists of these.

import { silu } from "../../onnx/fused-ops.ts";
import type { Value } from "../../onnx/graph.ts";
import type { VaeConfig, VaeLayer } from "../model-config.ts";
import { convolution } from "./convolution.ts";
import { groupNorm } from "./group-norm.ts";
import type { LayerContext } from "./layer-context.ts";
import { upsample, vaeDownsample } from "./resample.ts";
import { resnetBlock, vaeResnetNames } from "./resnet-block.ts";
import { vaeAttention } from "./vae-attention.ts";

export function vaeLayer(c: LayerContext, config: VaeConfig, layer: VaeLayer, x: Value): Value {
  const { normGroups: groups } = config;
  switch (layer.kind) {
    case "conv":
      return convolution(c, layer.key, x, layer.outChannels);
    case "resnet":
      return resnetBlock(c, layer.key, x, { names: vaeResnetNames, groups, outChannels: layer.outChannels });
    case "attention":
      return vaeAttention(c, layer.key, x, groups);
    case "downsample":
      return vaeDownsample(c, layer.key, x);
    case "upsample":
      return upsample(c, layer.key, x);
    case "norm":
      return silu(
        c.graph,
        layer.key,
        groupNorm(c, layer.key, x, { groups, epsilon: vaeResnetNames.epsilon }),
      );
    default:
      return layer satisfies never;
  }
}
