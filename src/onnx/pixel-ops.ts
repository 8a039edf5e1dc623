// Operators of ai.onnx that only networks over pixels use, one function each: padding by mirroring, channels into pixels,
// leaky activations. The rest of ai.onnx is in ops.ts.

import type { GraphBuilder } from "./graph-builder.ts";
import type { Value } from "./graph.ts";
import { float, int, string } from "./graph.ts";
import { requireShape } from "./ops.ts";

/** x where it is positive, slope · x elsewhere. */
export function leakyRelu(g: GraphBuilder, path: string, x: Value, slope: number): Value {
  return g.node({
    path,
    opType: "LeakyRelu",
    inputs: [x],
    attributes: { alpha: float(slope) },
    outputs: [x],
  })[0];
}

/** Like leakyRelu, with a slope per channel: x [n, channels, h, w], slope [channels, 1, 1]. */
export function prelu(g: GraphBuilder, path: string, x: Value, slope: Value): Value {
  const fits = slope.shape.length === 3 && slope.shape[0] === x.shape[1];
  requireShape(fits && x.dtype === slope.dtype, `${path}/PRelu`, `${x.dtype} [${x.shape[1]}, 1, 1]`, slope);
  return g.node({ path, opType: "PRelu", inputs: [x, slope], outputs: [x] })[0];
}

/**
 * x [n, channels · factor², h, w] → [n, channels, factor · h, factor · w]. The pixels of a channel lie side by side ("CRD", the order
 * of torch's pixel_shuffle), or those of one place in all channels do ("DCR").
 */
export function depthToSpace(
  g: GraphBuilder,
  path: string,
  x: Value,
  factor: number,
  order: "CRD" | "DCR" = "CRD",
): Value {
  if (factor === 1) return x;
  const [batch, channels, height, width] = x.shape;
  const fits = x.shape.length === 4 && channels % factor ** 2 === 0;
  requireShape(fits, `${path}/DepthToSpace`, `[n, a multiple of ${factor ** 2}, h, w]`, x);
  return g.node({
    path,
    opType: "DepthToSpace",
    inputs: [x],
    attributes: { blocksize: int(factor), mode: string(order) },
    outputs: [{ dtype: x.dtype, shape: [batch, channels / factor ** 2, factor * height, factor * width] }],
  })[0];
}

/** Rows and columns behind the last ones of x [n, c, h, w], mirrored about them; repeated where x is too small for that. */
export function padEnd(g: GraphBuilder, path: string, x: Value, rows: number, columns: number): Value {
  if (rows === 0 && columns === 0) return x;
  requireShape(x.shape.length === 4, `${path}/Pad`, "x [n, channels, height, width]", x);
  const [batch, channels, height, width] = x.shape;
  const mirrors = rows < height && columns < width;
  return g.node({
    path,
    opType: "Pad",
    inputs: [x, g.constant("int64", [8], [0, 0, 0, 0, 0, 0, rows, columns])],
    attributes: { mode: string(mirrors ? "reflect" : "edge") },
    outputs: [{ dtype: x.dtype, shape: [batch, channels, height + rows, width + columns] }],
  })[0];
}
