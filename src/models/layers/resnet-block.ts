// The residual block of the UNet and of the VAE: one body, two tables of names.

import { silu } from "../../onnx/fused-ops.ts";
import type { Value } from "../../onnx/graph.ts";
import { add } from "../../onnx/ops.ts";
import { reshape } from "../../onnx/shape-ops.ts";
import { convolution } from "./convolution.ts";
import { groupNorm } from "./group-norm.ts";
import type { LayerContext } from "./layer-context.ts";
import { linear } from "./linear.ts";

export interface ResnetNames {
  readonly norm1: string;
  readonly conv1: string;
  readonly norm2: string;
  readonly conv2: string;
  readonly skip: string;
  readonly epsilon: number;
}

export const unetResnetNames: ResnetNames = {
  norm1: "in_layers.0",
  conv1: "in_layers.2",
  norm2: "out_layers.0",
  conv2: "out_layers.3",
  skip: "skip_connection",
  epsilon: 1e-5,
};

export const vaeResnetNames: ResnetNames = {
  norm1: "norm1",
  conv1: "conv1",
  norm2: "norm2",
  conv2: "conv2",
  skip: "nin_shortcut",
  epsilon: 1e-6,
};

export interface ResnetOptions {
  readonly names: ResnetNames;
  readonly groups: number;
  readonly outChannels: number;
  /** SiLU of the time embedding, [1 or n, width]; the VAE has none. */
  readonly timeEmbedding?: Value;
}

// x ─┬─ GroupNorm ─ SiLU ─ Conv ─ (+ time) ─ GroupNorm ─ SiLU ─ Conv ─ (+) ── out
//    └──────────────────── 1x1 Conv if channels differ ─────────────────┘
export function resnetBlock(c: LayerContext, key: string, x: Value, options: ResnetOptions): Value {
  const { graph } = c;
  const { names, groups, outChannels, timeEmbedding } = options;
  const normalized = (name: string, value: Value): Value => {
    const norm = groupNorm(c, `${key}.${name}`, value, { groups, epsilon: names.epsilon });
    return silu(graph, `${key}.${name}`, norm);
  };
  let h = convolution(c, `${key}.${names.conv1}`, normalized(names.norm1, x), outChannels);
  if (timeEmbedding) {
    const shift = linear(c, `${key}.emb_layers.1`, timeEmbedding, outChannels);
    h = add(graph, key, h, reshape(graph, `${key}.emb_layers.1`, shift, [shift.shape[0], outChannels, 1, 1]));
  }
  h = convolution(c, `${key}.${names.conv2}`, normalized(names.norm2, h), outChannels);
  const skip = x.shape[1] === outChannels ? x : convolution(c, `${key}.${names.skip}`, x, outChannels);
  return add(graph, key, skip, h);
}
