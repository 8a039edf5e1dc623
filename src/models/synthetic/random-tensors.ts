// How random weights are distributed so that a network of them keeps its values in range. Knows shapes and key names only.

import type { RandomTensor } from "../../weights/random-source.ts";
import type { TensorNeed } from "../tensor-checks.ts";

// What CLIP's embeddings are initialised with.
const EMBEDDING_DEVIATION = 0.02;
const NORM_DEVIATION = 0.01;

/**
 * Norms are about 1, biases 0, and every matrix keeps its input's variance: a deviation of 1 / sqrt(fan in).
 */
export function randomTensor({ key, shape }: TensorNeed): RandomTensor {
  if (key.endsWith("bias")) return { key, shape, mean: 0, deviation: 0 };
  if (shape.length === 1) return { key, shape, mean: 1, deviation: NORM_DEVIATION };
  if (/embedding/.test(key)) return { key, shape, mean: 0, deviation: EMBEDDING_DEVIATION };
  const fanIn = shape.slice(1).reduce((product, size) => product * size, 1);
  return { key, shape, mean: 0, deviation: 1 / Math.sqrt(fanIn) };
}
