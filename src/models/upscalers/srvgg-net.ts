// SRVGGNetCompact as a graph: the small network of Real-ESRGAN (Wang et al. 2021), which works at input size until its end.

import type { Value } from "../../onnx/graph.ts";
import { add, cast, resizeNearest } from "../../onnx/ops.ts";
import { depthToSpace, prelu } from "../../onnx/pixel-ops.ts";
import { convolution } from "../layers/convolution.ts";
import type { LayerContext } from "../layers/layer-context.ts";
import { weight } from "../layers/layer-context.ts";
import type { SrvggNetConfig } from "./upscaler-config.ts";

const PIXEL_CHANNELS = 3;

// pixels ─┬─ convolutions × (Conv ─ PReLU) ─ last ─ channels to pixels ─ (+) ── pixels
//         └─ nearest × scale ───────────────────────────────────────────┘
/** pixels [1, 3, h, w] → [1, 3, scale · h, scale · w], both float32. */
export function srvggNet(c: LayerContext, config: SrvggNetConfig, pixels: Value): Value {
  const { graph, dialect } = c;
  const { channels, scale, last } = config;
  let x = cast(graph, "pixels", pixels, dialect.precision);
  for (const [index, key] of config.convolutions.entries()) {
    const activation = config.activations[index];
    const slope = weight(c, `${activation}.weight`, { dtype: x.dtype, shape: [channels, 1, 1] });
    x = prelu(graph, activation, convolution(c, key, x, channels), slope);
  }
  const detail = depthToSpace(graph, last, convolution(c, last, x, PIXEL_CHANNELS * scale ** 2), scale);
  const [, , height, width] = detail.shape;
  // Summed in float32: the enlarged picture is what counts, the network only adds to it.
  return add(
    graph,
    "base",
    cast(graph, "base", detail, "float32"),
    resizeNearest(graph, "base", pixels, height, width),
  );
}
