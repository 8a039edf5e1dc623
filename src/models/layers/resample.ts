// Halving and doubling of feature maps, as the UNet and the VAE do it.

import type { Value } from "../../onnx/graph.ts";
import { resizeNearest } from "../../onnx/ops.ts";
import { convolution } from "./convolution.ts";
import { doublingConvolution, fitsDoublingConvolution } from "./doubling-convolution.ts";
import type { LayerContext } from "./layer-context.ts";

/** The UNet pads all around; an odd size n becomes (n + 1) / 2. */
export function unetDownsample(c: LayerContext, key: string, x: Value): Value {
  return convolution(c, `${key}.op`, x, x.shape[1], { stride: 2 });
}

/** The VAE pads right and bottom only. */
export function vaeDownsample(c: LayerContext, key: string, x: Value): Value {
  return convolution(c, `${key}.conv`, x, x.shape[1], { stride: 2, pads: [0, 0, 1, 1] });
}

export interface Size {
  readonly height: number;
  readonly width: number;
}

/** Doubles, or grows to `size`, which is one less where the downsampled size was odd. */
export function upsample(c: LayerContext, key: string, x: Value, size?: Size): Value {
  const { height, width } = size ?? { height: 2 * x.shape[2], width: 2 * x.shape[3] };
  const doubles = height === 2 * x.shape[2] && width === 2 * x.shape[3];
  if (doubles && c.dialect.doublingConvolution && !c.dialect.compactWeights && fitsDoublingConvolution(x))
    return doublingConvolution(c, `${key}.conv`, x);
  return convolution(c, `${key}.conv`, resizeNearest(c.graph, key, x, height, width), x.shape[1]);
}
