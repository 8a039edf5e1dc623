// What the UNet knows of the step it is in: the timestep's sinusoids through two Linear layers, plus the class embedding
// and the guidance embedding of families that have them.

import { silu } from "../../onnx/fused-ops.ts";
import type { Value } from "../../onnx/graph.ts";
import { add, cos, mul, sin } from "../../onnx/ops.ts";
import { concat, reshape } from "../../onnx/shape-ops.ts";
import type { UnetConfig } from "../model-config.ts";
import type { LayerContext } from "./layer-context.ts";
import { linear } from "./linear.ts";

const MAX_PERIOD = 10_000;

export interface TimeEmbeddingInputs {
  /** [1] */
  readonly timestep: Value;
  /** [n, classEmbeddingWidth] */
  readonly y?: Value;
  /** [n, guidanceEmbeddingWidth] */
  readonly guidanceEmbedding?: Value;
}

//                                  guidanceEmbedding ─ Linear ─┐
// timestep [1] ── × frequencies ─┬─ Cos ─┬────────────────────(+)── Linear ─ SiLU ─ Linear ──(+)── SiLU ── out
//                                └─ Sin ─┘                         y ─ Linear ─ SiLU ─ Linear ─┘
// out is [1 or n, timeEmbeddingWidth]. The last SiLU is every resnet block's first layer over the embedding, done once for
// all of them.
export function timeEmbedding(c: LayerContext, config: UnetConfig, inputs: TimeEmbeddingInputs): Value {
  const { timestep, y, guidanceEmbedding } = inputs;
  const { graph } = c;
  const key = `${config.prefix}time_embed`;
  const half = config.modelChannels / 2;
  const frequencies = graph.constant("float32", [1, half], sinusoidFrequencies(half));
  const angles = mul(graph, key, reshape(graph, key, timestep, [1, 1]), frequencies);
  let sinusoids = concat(graph, key, [cos(graph, key, angles), sin(graph, key, angles)], 1);
  if (guidanceEmbedding) {
    const guidanceKey = `${key}.cond_proj`;
    const projected = linear(c, guidanceKey, guidanceEmbedding, config.modelChannels, { bias: false });
    sinusoids = add(graph, guidanceKey, projected, sinusoids);
  }
  let embedding = twoLayers(c, key, sinusoids, config.timeEmbeddingWidth);
  if (y) {
    const labelKey = `${config.prefix}label_emb.0`;
    embedding = add(graph, labelKey, embedding, twoLayers(c, labelKey, y, config.timeEmbeddingWidth));
  }
  return silu(graph, key, embedding);
}

function twoLayers(c: LayerContext, key: string, x: Value, width: number): Value {
  const hidden = silu(c.graph, key, linear(c, `${key}.0`, x, width));
  return linear(c, `${key}.2`, hidden, width);
}

/** Rounded to float32 after each operation, as the networks were trained: at timestep 999 the difference would show. */
function sinusoidFrequencies(half: number): number[] {
  const factor = Math.fround(-Math.log(MAX_PERIOD));
  return Array.from({ length: half }, (_, i) =>
    Math.fround(Math.exp(Math.fround(Math.fround(factor * i) / half))),
  );
}
