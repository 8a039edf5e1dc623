// A torch.nn.GroupNorm out of operators that every device has; no build of the runtime in use has a fused one.

import type { Value } from "../../onnx/graph.ts";
import { add, instanceNormalization, layerNormalization, mul } from "../../onnx/ops.ts";
import { reshape } from "../../onnx/shape-ops.ts";
import type { LayerContext } from "./layer-context.ts";
import { weight } from "./layer-context.ts";

export interface GroupNormOptions {
  readonly groups: number;
  readonly epsilon: number;
}

// x [n, c, h, w] ── Reshape [n, groups, ·] ── InstanceNormalization (or LayerNormalization, whose scale is as long as a group) ── Reshape back ── × weight ── + bias ── out
export function groupNorm(
  c: LayerContext,
  key: string,
  x: Value,
  { groups, epsilon }: GroupNormOptions,
): Value {
  const { graph } = c;
  const { dtype } = x;
  const [batch, channels, height, width] = x.shape;
  const filled = (length: number, value: number): Value =>
    graph.constant(dtype, [length], new Array<number>(length).fill(value));
  const extent = (channels / groups) * height * width;
  const grouped = reshape(graph, key, x, [batch, groups, extent]);
  const normalized =
    c.dialect.groupNorm === "instance"
      ? instanceNormalization(graph, key, grouped, filled(groups, 1), filled(groups, 0), epsilon)
      : layerNormalization(graph, key, grouped, filled(extent, 1), filled(extent, 0), epsilon);
  const restored = reshape(graph, key, normalized, x.shape);
  const shape = [channels, 1, 1]; // broadcasts over height and width
  const scaled = mul(graph, key, restored, weight(c, `${key}.weight`, { dtype, shape }));
  return add(graph, key, scaled, weight(c, `${key}.bias`, { dtype, shape }));
}
