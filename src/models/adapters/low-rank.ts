// Deltas as the product of two thin matrices, where their kind allows that without loss. Numbers and shapes; reads no file.

import type { DeltaPlan, PartValues } from "./delta-kinds.ts";
import { foldedCore } from "./delta-kinds.ts";
import { kroneckerProduct } from "./matrix-product.ts";

/** delta = up · down */
export interface LowRank {
  readonly rank: number;
  /** [rank, columns] */
  readonly down: Float32Array;
  /** [rows, rank] */
  readonly up: Float32Array;
}

// Above this a product costs about as much as the layer itself, and merging is cheaper.
const MAX_RANK = 256;

/** How one kind becomes a product. A rank is undefined where it does not. */
interface Factorisation {
  rank(plan: DeltaPlan): number | undefined;
  factors(plan: DeltaPlan, values: PartValues): LowRank;
}

const valuesOf = (values: PartValues, name: string | undefined): Float32Array => values.get(name ?? "")!;

const lora: Factorisation = {
  rank: ({ factors: [factor] }) => factor.rank,
  factors({ factors: [factor] }, values) {
    const down = factor.kernel === undefined ? valuesOf(values, factor.names.b) : foldedCore(factor, values);
    return { rank: factor.rank!, down, up: valuesOf(values, factor.names.a) };
  },
};

/** (a1 · b1) ⊙ (a2 · b2): the columns of a1 and a2 pairwise multiplied, times the rows of b1 and b2 pairwise multiplied. */
const loha: Factorisation = {
  rank: ({ factors }) =>
    factors.some(({ kernel }) => kernel !== undefined) ? undefined : factors[0].rank! * factors[1].rank!,
  factors({ factors: [first, second] }, values) {
    const [r1, r2] = [first.rank!, second.rank!];
    const { rows, columns } = first;
    const [a1, b1] = [valuesOf(values, first.names.a), valuesOf(values, first.names.b)];
    const [a2, b2] = [valuesOf(values, second.names.a), valuesOf(values, second.names.b)];
    const rank = r1 * r2;
    const up = new Float32Array(rows * rank);
    for (let row = 0, at = 0; row < rows; row++) {
      for (let i = 0; i < r1; i++) {
        for (let j = 0; j < r2; j++) up[at++] = a1[row * r1 + i] * a2[row * r2 + j];
      }
    }
    const down = new Float32Array(rank * columns);
    for (let i = 0, at = 0; i < r1; i++) {
      for (let j = 0; j < r2; j++) {
        for (let column = 0; column < columns; column++)
          down[at++] = b1[i * columns + column] * b2[j * columns + column];
      }
    }
    return { rank, down, up };
  },
};

/** w1 ⊗ (a2 · b2) = (w1 ⊗ a2) · (1 ⊗ b2), and with w1 = a1 · b1 it is (a1 ⊗ a2) · (b1 ⊗ b2). */
const lokr: Factorisation = {
  rank: ({ factors: [first, second] }) =>
    second.rank === undefined || second.kernel !== undefined
      ? undefined
      : (first.rank ?? first.columns) * second.rank,
  factors({ factors: [first, second] }, values) {
    const inner = second.rank!;
    const outer = first.rank ?? first.columns;
    const a1 = valuesOf(values, first.rank === undefined ? first.names.whole : first.names.a);
    const b1 = first.rank === undefined ? unitMatrix(outer) : valuesOf(values, first.names.b);
    const a2 = { values: valuesOf(values, second.names.a), rows: second.rows, columns: inner };
    const b2 = { values: valuesOf(values, second.names.b), rows: inner, columns: second.columns };
    return {
      rank: outer * inner,
      up: kroneckerProduct({ values: a1, rows: first.rows, columns: outer }, a2),
      down: kroneckerProduct({ values: b1, rows: outer, columns: first.columns }, b2),
    };
  },
};

function unitMatrix(size: number): Float32Array {
  const unit = new Float32Array(size * size);
  for (let i = 0; i < size; i++) unit[i * size + i] = 1;
  return unit;
}

const factorisations: Readonly<Record<string, Factorisation>> = { lora, loha, lokr };

/** Of the product; undefined where there is none that would pay. */
export function lowRankOf(plan: DeltaPlan): number | undefined {
  const rank = factorisations[plan.kind.id]?.rank(plan);
  return rank !== undefined && rank <= MAX_RANK ? rank : undefined;
}

/** For plans that have a low rank. */
export function lowRankFactors(plan: DeltaPlan, values: PartValues): LowRank {
  return factorisations[plan.kind.id].factors(plan, values);
}
