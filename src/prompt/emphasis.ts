// Applies attention weights to a text encoder's output: A1111's "Original" emphasis. Parses nothing.

function mean(values: Float32Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}

/**
 * Multiplies each token's vector by its weight, then scales the whole chunk so that its mean is what it was.
 * @param hidden one chunk, [weights.length, width]; not changed.
 */
export function applyEmphasis(hidden: Float32Array, weights: Float32Array): Float32Array {
  if (weights.every((weight) => weight === 1)) return hidden;
  const width = hidden.length / weights.length;
  const weighted = hidden.map((value, i) => value * weights[Math.floor(i / width)]);
  const meanAfter = mean(weighted);
  // All weights 0: there is no scale that restores a mean.
  if (meanAfter === 0) return weighted;
  const restore = mean(hidden) / meanAfter;
  return weighted.map((value) => value * restore);
}
