// TAESD's decoder as a graph: latents as samplers see them to a small, quick picture. For previews, not for results.

import { GraphBuilder } from "../onnx/graph-builder.ts";
import type { Value } from "../onnx/graph.ts";
import type { OnnxModel } from "../onnx/onnx-model.ts";
import { add, conv, mul, relu, resizeNearest, tanh } from "../onnx/ops.ts";
import type { Checkpoint } from "../weights/checkpoint.ts";
import type { Dialect } from "./dialects.ts";
import { convolution } from "./layers/convolution.ts";
import { weight, type LayerContext } from "./layers/layer-context.ts";
import type { TinyDecoderConfig, TinyDecoderLayer } from "./tiny-decoder-config.ts";

export interface TinyDecoderOptions {
  readonly dialect: Dialect;
  readonly latentHeight: number;
  readonly latentWidth: number;
}

/** Latents beyond it are bent back, as in training. */
const LATENT_RANGE = 3;

// latents [1, c, h, w] ── 3 · tanh(x / 3) ── conv ── ReLU ── layers ── 2x - 1 ── pixels [1, 3, 8h, 8w]
export function buildTinyDecoder(
  checkpoint: Checkpoint,
  config: TinyDecoderConfig,
  { dialect, latentHeight, latentWidth }: TinyDecoderOptions,
): OnnxModel {
  const graph = new GraphBuilder("tiny-decoder");
  const c: LayerContext = { graph, checkpoint, dialect };
  const constant = (value: number): Value => graph.constant("float32", [1], [value]);
  const latents = graph.input("latents", "float32", [1, config.latentChannels, latentHeight, latentWidth]);
  const bent = tanh(graph, "clamp", mul(graph, "clamp", latents, constant(1 / LATENT_RANGE)));
  let x = mul(graph, "clamp/range", bent, constant(LATENT_RANGE));
  for (const [index, layer] of config.layers.entries()) {
    x = tinyLayer(c, layer, x);
    if (index === 0) x = relu(graph, layer.key, x);
  }
  const doubled = mul(graph, "pixels", x, constant(2));
  graph.output("pixels", add(graph, "pixels", doubled, constant(-1)));
  return graph.build();
}

function tinyLayer(c: LayerContext, layer: TinyDecoderLayer, x: Value): Value {
  const { graph } = c;
  const { key, outChannels } = layer;
  if (layer.kind === "block") return block(c, layer, x);
  if (!layer.doubles) return convolution(c, key, x, outChannels);
  const [, , height, width] = x.shape;
  return unbiased(c, key, resizeNearest(graph, key, x, 2 * height, 2 * width), outChannels, 3);
}

// x ─┬─ conv ─ ReLU ─ conv ─ ReLU ─ conv ─ (+) ─ ReLU
//    └─ (1x1 conv) ─────────────────────────┘
function block(c: LayerContext, { key, inChannels, outChannels }: TinyDecoderLayer, x: Value): Value {
  const { graph } = c;
  const first = relu(graph, `${key}.conv.1`, convolution(c, `${key}.conv.0`, x, outChannels));
  const second = relu(graph, `${key}.conv.3`, convolution(c, `${key}.conv.2`, first, outChannels));
  const third = convolution(c, `${key}.conv.4`, second, outChannels);
  const shortcut = inChannels === outChannels ? x : unbiased(c, `${key}.skip`, x, outChannels, 1);
  return relu(graph, key, add(graph, key, third, shortcut));
}

/** A convolution without a bias, at the same size. */
function unbiased(c: LayerContext, key: string, x: Value, out: number, kernel: 1 | 3): Value {
  const { graph } = c;
  const border = (kernel - 1) / 2;
  const weights = weight(c, `${key}.weight`, { dtype: x.dtype, shape: [out, x.shape[1], kernel, kernel] });
  const zeros = graph.constant(x.dtype, [out], new Array<number>(out).fill(0));
  return conv(graph, key, x, weights, zeros, { stride: 1, pads: [border, border, border, border] });
}
