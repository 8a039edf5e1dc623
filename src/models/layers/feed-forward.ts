// The feed-forward layer of the UNet's transformers: a projection gated by GELU, then a projection back.

import { biasSplitGelu, gelu } from "../../onnx/fused-ops.ts";
import type { Value } from "../../onnx/graph.ts";
import { gemm, mul } from "../../onnx/ops.ts";
import { reshape } from "../../onnx/shape-ops.ts";
import { storedTensor } from "../weight-tensor.ts";
import type { LayerContext } from "./layer-context.ts";
import { weight } from "./layer-context.ts";
import { linear } from "./linear.ts";

/** x [rows, width] → [rows, width]; the inner width is the published one. */
export function feedForward(c: LayerContext, key: string, x: Value): Value {
  const projection = `${key}.net.0.proj`;
  const doubled = storedTensor(c.checkpoint, `${projection}.weight`).shape[0];
  const fused = c.dialect.biasSplitGeluWidths.includes(doubled);
  const gated = fused ? fusedGate(c, projection, x, doubled) : halvesGate(c, projection, x, doubled);
  return linear(c, `${key}.net.2`, gated, x.shape[1]);
}

// x ─┬─ rows 0..d  ────────── × ── out
//    └─ rows d..2d ── Gelu ───┘
function halvesGate(c: LayerContext, key: string, x: Value, doubled: number): Value {
  const half = doubled / 2;
  const value = linear(c, key, x, doubled, { rows: [0, half] });
  const gate = linear(c, key, x, doubled, { rows: [half, doubled] });
  return mul(c.graph, key, value, gelu(c.graph, key, gate));
}

// x ── Gemm without bias ── BiasSplitGelu ── out
function fusedGate(c: LayerContext, key: string, x: Value, doubled: number): Value {
  const { graph } = c;
  const { dtype } = x;
  const [rows, width] = x.shape;
  const weightKey = `${key}.weight`;
  const adapted = c.slots?.linear(weightKey, x, [0, doubled], undefined);
  const projected = gemm(graph, key, x, weight(c, weightKey, { dtype, shape: [doubled, width] }), adapted);
  const bias = weight(c, `${key}.bias`, { dtype, shape: [doubled] });
  const gated = biasSplitGelu(graph, key, reshape(graph, key, projected, [1, rows, doubled]), bias);
  return reshape(graph, key, gated, [rows, doubled / 2]);
}
