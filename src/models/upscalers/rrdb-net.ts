// RRDBNet as a graph: the network of ESRGAN (Wang et al. 2018, "Enhanced Super-Resolution Generative Adversarial Networks") and of
// what followed it. Knows no key names; the config has them.

import type { Value } from "../../onnx/graph.ts";
import { add, cast, conv, mul, resizeNearest } from "../../onnx/ops.ts";
import { concat, reshape, slice, transpose } from "../../onnx/shape-ops.ts";
import { leakyRelu, padEnd } from "../../onnx/pixel-ops.ts";
import { convolution } from "../layers/convolution.ts";
import type { LayerContext } from "../layers/layer-context.ts";
import { weight } from "../layers/layer-context.ts";
import type { DenseBlock, RrdbNetConfig } from "./upscaler-config.ts";

const SLOPE = 0.2;
/** What residual branches are multiplied by, in dense blocks as around three of them. */
const RESIDUAL_SCALE = 0.2;
const PIXEL_CHANNELS = 3;

// pixels ─ unshuffle ─ first ─┬─ blocks ─ trunk ─ (+) ─ upsamples × (nearest ×2 ─ Conv ─ act) ─ high ─ act ─ last ── pixels
//                             └───────────────────┘
/** pixels [1, 3, h, w] → [1, 3, scale · h, scale · w], both float32. */
export function rrdbNet(c: LayerContext, config: RrdbNetConfig, pixels: Value): Value {
  const { graph, dialect } = c;
  const { channels, unshuffle, scale } = config;
  const [, , height, width] = pixels.shape;
  const input = cast(graph, "pixels", pixelUnshuffle(c, pixels, unshuffle), dialect.precision);

  const first = convolution(c, config.first, input, channels);
  const body = config.blocks.reduce((x, block) => residualBlock(c, config, block, x), first);
  let x = add(graph, config.trunk, first, convolution(c, config.trunk, body, channels));
  for (const key of config.upsamples) {
    const doubled = resizeNearest(graph, key, x, 2 * x.shape[2], 2 * x.shape[3]);
    x = activation(c, key, convolution(c, key, doubled, channels));
  }
  x = activation(c, config.high, convolution(c, config.high, x, channels));
  x = cast(graph, "pixels", convolution(c, config.last, x, PIXEL_CHANNELS), "float32");
  return crop(c, crop(c, x, 2, scale * height), 3, scale * width);
}

/** Three dense blocks with a residual branch around them. */
function residualBlock(
  c: LayerContext,
  config: RrdbNetConfig,
  blocks: readonly DenseBlock[],
  x: Value,
): Value {
  return residual(
    c,
    blocks[0].convolutions[0],
    x,
    blocks.reduce((h, block) => denseBlock(c, config, block, h), x),
  );
}

// x ─┬─ conv1 ─┬─ conv2 ─┬─ conv3 ─┬─ conv4 ─┬─ conv5 ─ × 0.2 ─ (+) ── out
//    ├─────────┴─────────┴─────────┴─────────┘                   │      each convolution sees all to its left
//    └───────────────────────────────────────────────────────────┘
// ESRGAN+ adds shortcut(x) to the second layer's output, and that sum to the fourth's.
function denseBlock(
  c: LayerContext,
  { channels, growth }: RrdbNetConfig,
  { convolutions, shortcut }: DenseBlock,
  x: Value,
): Value {
  const { graph } = c;
  const seen = [x];
  const joined = (key: string): Value => (seen.length === 1 ? x : concat(graph, key, seen, 1));
  for (const [index, key] of convolutions.slice(0, -1).entries()) {
    let layer = activation(c, key, convolution(c, key, joined(key), growth));
    if (shortcut !== undefined && index === 1)
      layer = add(graph, key, layer, pointwise(c, shortcut, x, growth));
    if (shortcut !== undefined && index === 3) layer = add(graph, key, layer, seen[2]);
    seen.push(layer);
  }
  const last = convolutions[convolutions.length - 1];
  return residual(c, last, x, convolution(c, last, joined(last), channels));
}

function pointwise(c: LayerContext, key: string, x: Value, out: number): Value {
  const { dtype } = x;
  const kernel = weight(c, `${key}.weight`, { dtype, shape: [out, x.shape[1], 1, 1] });
  const noBias = c.graph.constant(dtype, [out], new Array<number>(out).fill(0));
  return conv(c.graph, key, x, kernel, noBias, { stride: 1, pads: [0, 0, 0, 0] });
}

const activation = (c: LayerContext, key: string, x: Value): Value => leakyRelu(c.graph, key, x, SLOPE);

function residual(c: LayerContext, key: string, x: Value, branch: Value): Value {
  const scale = c.graph.constant(x.dtype, [1], [RESIDUAL_SCALE]);
  return add(c.graph, key, x, mul(c.graph, key, branch, scale));
}

/**
 * [1, 3, h, w] → [1, 3 · factor², ⌈h / factor⌉, ⌈w / factor⌉] in the order of torch's pixel_unshuffle. Not SpaceToDepth,
 * which WebGPU lacks and which orders channels otherwise; and in ranks that every device transposes fast.
 */
function pixelUnshuffle(c: LayerContext, pixels: Value, factor: number): Value {
  if (factor === 1) return pixels;
  const { graph } = c;
  const path = "unshuffle";
  const missing = (extent: number): number => (factor - (extent % factor)) % factor;
  const padded = padEnd(graph, path, pixels, missing(pixels.shape[2]), missing(pixels.shape[3]));
  const [, channels, height, width] = padded.shape;
  const rows = transpose(
    graph,
    path,
    reshape(graph, path, padded, [channels, height / factor, factor, width]),
    [0, 2, 1, 3],
  );
  const area = (height * width) / factor ** 2;
  const columns = transpose(
    graph,
    path,
    reshape(graph, path, rows, [channels * factor, area, factor]),
    [0, 2, 1],
  );
  return reshape(graph, path, columns, [1, channels * factor ** 2, height / factor, width / factor]);
}

/** The first `extent` of an axis. */
function crop(c: LayerContext, x: Value, axis: number, extent: number): Value {
  return x.shape[axis] === extent ? x : slice(c.graph, "crop", x, { axis, start: 0, step: 1, extent });
}
