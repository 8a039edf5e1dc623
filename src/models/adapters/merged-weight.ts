// A weight with any number of adapters merged in, in their order. Numbers only; where they come from is the caller's.

/** What one adapter does to a weight, or to some of its rows. */
export interface WeightDelta {
  /** Of the weight's first axis; the others stay. */
  readonly rows: readonly [start: number, end: number];
  /** weight += factor · delta, over those rows. */
  addTo(weight: Float32Array, factor: number): void;
  readonly magnitude?: Magnitude;
}

/** DoRA: the adapted weight keeps its directions and gets these lengths, one per output (row) or input (column). */
export interface Magnitude {
  readonly axis: "outputs" | "inputs";
  readonly lengths: Float32Array;
}

export interface WeightedDelta {
  readonly delta: WeightDelta;
  readonly strength: number;
}

/** `base` stays as it is. */
export function mergedWeight(
  base: Float32Array,
  shape: readonly number[],
  parts: readonly WeightedDelta[],
): Float32Array<ArrayBuffer> {
  const merged = new Float32Array(base);
  const rowLength = merged.length / shape[0];
  for (const { delta, strength } of parts) {
    if (strength === 0) continue;
    const region = merged.subarray(delta.rows[0] * rowLength, delta.rows[1] * rowLength);
    if (delta.magnitude) addDecomposed(region, delta, delta.magnitude, strength, shape);
    else delta.addTo(region, strength);
  }
  return merged;
}

/**
 * DoRA, Liu et al. 2024, eq. 5: W' = m · (W + delta) / |W + delta|. Strengths below 1 lie on the line from W to W', so that
 * 0 changes nothing, as ComfyUI has it; LyCORIS and PEFT agree at 1 and scale their parts in ways of their own elsewhere.
 */
function addDecomposed(
  region: Float32Array,
  delta: WeightDelta,
  { axis, lengths }: Magnitude,
  strength: number,
  shape: readonly number[],
): void {
  const adapted = region.slice();
  delta.addTo(adapted, 1);
  const rows = delta.rows[1] - delta.rows[0];
  const rowLength = region.length / rows;
  // Elements in a row that belong to one input: a convolution's kernel.
  const kernel = rowLength / (shape[1] ?? 1);
  const sums = new Float64Array(lengths.length);
  const groupOf = (row: number, column: number): number =>
    axis === "outputs" ? row : Math.floor(column / kernel);
  for (let row = 0, at = 0; row < rows; row++) {
    for (let column = 0; column < rowLength; column++, at++)
      sums[groupOf(row, column)] += adapted[at] * adapted[at];
  }
  // A direction of length 0 has nothing to lengthen.
  const scales = sums.map((sum, i) => (sum === 0 ? 1 : lengths[i] / Math.sqrt(sum)));
  for (let row = 0, at = 0; row < rows; row++) {
    for (let column = 0; column < rowLength; column++, at++) {
      region[at] += strength * (adapted[at] * scales[groupOf(row, column)] - region[at]);
    }
  }
}
