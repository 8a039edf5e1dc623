// The ways adapters write a change of a weight down as small factors, as a table: which parts each has, what shapes agree, and
// what they multiply to. Knows neither names of modules nor files' keys.

import { elementCount } from "../../onnx/graph.ts";
import type { TensorInfo } from "../../weights/tensor-info.ts";
import { addProduct, kroneckerProduct, transposed } from "./matrix-product.ts";

/** The weight to change as a matrix: [rows, columns] with columns = inputs · kernel, for a convolution's kernel elements. */
export interface WeightMatrix {
  readonly rows: number;
  readonly inputs: number;
  readonly kernel: number;
}

export interface Matrix {
  readonly values: Float32Array;
  readonly rows: number;
  readonly columns: number;
}

export type Parts = ReadonlyMap<string, TensorInfo>;
export type PartValues = ReadonlyMap<string, Float32Array>;

/** A matrix that is stored whole, as a · b, or as a · core · b with a core [rank, rank, kernel] (Tucker). */
interface FactorNames {
  readonly whole?: string;
  readonly a?: string;
  readonly b?: string;
  readonly core?: string;
  /** With a core, LyCORIS stores `a` as [rank, rows]. */
  readonly transposedByCore?: boolean;
}

export interface DeltaKind {
  readonly id: string;
  readonly factors: readonly FactorNames[];
  readonly combine: "none" | "hadamard" | "kronecker";
}

/** In the order of recognition. Sources: kohya's networks/lora.py; LyCORIS' functional/{locon,loha,lokr}.py. */
export const deltaKinds: readonly DeltaKind[] = [
  { id: "lora", factors: [{ a: "up", b: "down", core: "mid" }], combine: "none" },
  {
    id: "loha",
    factors: ["1", "2"].map((n) => ({
      a: `hada_w${n}_a`,
      b: `hada_w${n}_b`,
      core: `hada_t${n}`,
      transposedByCore: true,
    })),
    combine: "hadamard",
  },
  {
    id: "lokr",
    factors: [
      { whole: "lokr_w1", a: "lokr_w1_a", b: "lokr_w1_b" },
      { whole: "lokr_w2", a: "lokr_w2_a", b: "lokr_w2_b", core: "lokr_t2", transposedByCore: true },
    ],
    combine: "kronecker",
  },
  { id: "full", factors: [{ whole: "diff" }], combine: "none" },
];

/** Shapes that do not fit one another or the weight; the caller knows the file. */
export interface PartFault {
  readonly part: string;
  readonly expected: string;
  /** Nothing, where the part is missing. */
  readonly got?: readonly number[];
}

/** One factor whose parts have been found and agree with one another. */
export interface Factor {
  readonly names: FactorNames;
  readonly rows: number;
  readonly columns: number;
  /** Absent where stored whole. */
  readonly rank?: number;
  /** Of a core. */
  readonly kernel?: number;
}

export interface DeltaPlan {
  readonly kind: DeltaKind;
  readonly factors: readonly Factor[];
  readonly parts: Parts;
  /** What alpha is divided by; absent where nothing is decomposed, and alpha has no meaning. */
  readonly rank?: number;
}

/** The kind whose parts these are, if any. */
export function deltaKindOf(parts: Parts): DeltaKind | undefined {
  return deltaKinds.find(({ factors }) =>
    factors.some(({ whole, a, b, core }) =>
      [whole, a, b, core].some((name) => name !== undefined && parts.has(name)),
    ),
  );
}

/** Checks shapes only. */
export function planDelta(kind: DeltaKind, parts: Parts, weight: WeightMatrix): DeltaPlan | PartFault {
  const factors: Factor[] = [];
  for (const names of kind.factors) {
    const factor = resolveFactor(names, parts, weight.kernel);
    if ("part" in factor) return factor;
    factors.push(factor);
  }
  const fault = sizeFault(kind, factors, parts, weight);
  if (fault) return fault;
  const rank = factors.findLast((factor) => factor.rank !== undefined)?.rank;
  return { kind, factors, parts, ...(rank !== undefined && { rank }) };
}

function resolveFactor(names: FactorNames, parts: Parts, kernel: number): Factor | PartFault {
  const whole = names.whole === undefined ? undefined : parts.get(names.whole);
  if (whole) {
    const rows = whole.shape[0] ?? 0;
    if (rows === 0 || elementCount(whole.shape) === 0) return emptyFault(names.whole!, whole);
    return { names, rows, columns: elementCount(whole.shape) / rows };
  }
  const { a: aName, b: bName } = names;
  const a = aName === undefined ? undefined : parts.get(aName);
  const b = bName === undefined ? undefined : parts.get(bName);
  if (!a || !b) return { part: (a ? bName : aName) ?? names.whole ?? "", expected: "a tensor" };
  for (const [name, tensor] of [
    [aName!, a],
    [bName!, b],
  ] as const) {
    if (tensor.shape.length < 2 || elementCount(tensor.shape) === 0) return emptyFault(name, tensor);
  }

  const rank = b.shape[0];
  const core = names.core === undefined ? undefined : parts.get(names.core);
  const transposedA = core !== undefined && names.transposedByCore === true;
  const aRank = elementCount(a.shape.slice(1));
  const [rows, found] = transposedA ? [aRank, a.shape[0]] : [a.shape[0], aRank];
  if (found !== rank) {
    const expected = transposedA ? `[${rank}, outputs]` : `[outputs, ${rank}]`;
    return { part: aName!, expected, got: a.shape };
  }
  const bColumns = elementCount(b.shape) / rank;
  if (!core) return { names, rows, columns: bColumns, rank };
  if (core.shape[0] !== rank || core.shape[1] !== rank || elementCount(core.shape) !== rank * rank * kernel) {
    return { part: names.core!, expected: `[${rank}, ${rank}, ...kernel of ${kernel}]`, got: core.shape };
  }
  return { names, rows, columns: bColumns * kernel, rank, kernel };
}

function emptyFault(part: string, { shape }: TensorInfo): PartFault {
  return { part, expected: "a matrix or a kernel, not empty", got: shape };
}

function sizeFault(
  { combine }: DeltaKind,
  factors: readonly Factor[],
  parts: Parts,
  weight: WeightMatrix,
): PartFault | undefined {
  const wantedColumns = weight.inputs * weight.kernel;
  // A Kronecker product's sizes are shared between its factors, so the second must bring what the first lacks.
  const shared = combine === "kronecker" ? factors[0] : { rows: 1, columns: 1 };
  for (const { names, rows, columns, kernel } of combine === "kronecker" ? factors.slice(1) : factors) {
    const fault = (name: string | undefined, expected: string): PartFault => {
      const part = name !== undefined && parts.has(name) ? name : names.whole!;
      return { part, expected, got: parts.get(part)?.shape };
    };
    if (rows * shared.rows !== weight.rows) {
      return fault(names.a, `made for ${weight.rows} outputs, not ${rows * shared.rows}`);
    }
    if (columns * shared.columns !== wantedColumns) {
      const perInput = kernel === undefined ? wantedColumns : weight.inputs;
      const got = (columns * shared.columns) / (kernel ?? 1);
      return fault(names.b, `made for ${perInput} inputs, not ${got}`);
    }
  }
  return undefined;
}

/** into += factor · delta. `values` holds the plan's parts. */
export function addDelta(into: Float32Array, plan: DeltaPlan, values: PartValues, factor: number): void {
  const [first, second] = plan.factors;
  if (plan.kind.combine === "none" && first.rank !== undefined && first.kernel === undefined) {
    const { rows, columns, rank: inner, names } = first;
    addProduct(into, { a: values.get(names.a!)!, b: values.get(names.b!)!, rows, inner, columns }, factor);
    return;
  }
  const delta = factorMatrix(first, values);
  if (plan.kind.combine === "kronecker") {
    addScaled(into, kroneckerProduct(delta, factorMatrix(second, values)), factor);
  } else if (plan.kind.combine === "hadamard") {
    const other = factorMatrix(second, values).values;
    for (let i = 0; i < into.length; i++) into[i] += factor * delta.values[i] * other[i];
  } else {
    addScaled(into, delta.values, factor);
  }
}

function addScaled(into: Float32Array, values: Float32Array, factor: number): void {
  for (let i = 0; i < into.length; i++) into[i] += factor * values[i];
}

function factorMatrix(factor: Factor, values: PartValues): Matrix {
  const { names, rows, columns, rank, kernel } = factor;
  if (rank === undefined) return { values: values.get(names.whole!)!, rows, columns };
  const a = values.get(names.a!)!;
  const b = kernel === undefined ? values.get(names.b!)! : foldedCore(factor, values);
  const outer = kernel !== undefined && names.transposedByCore ? transposed(a, rank, rows) : a;
  const result = new Float32Array(rows * columns);
  addProduct(result, { a: outer, b, rows, inner: rank, columns }, 1);
  return { values: result, rows, columns };
}

/** The core and b as one matrix [rank, columns], for factors that have a core. */
export function foldedCore(
  { names, columns, rank = 1, kernel = 1 }: Factor,
  values: PartValues,
): Float32Array {
  // [i, input, kernel] = sum over j of core[i, j, kernel] · b[j, input]
  const core = values.get(names.core!)!;
  const inputs = columns / kernel;
  const inputsFirst = transposed(values.get(names.b!)!, rank, inputs);
  const folded = new Float32Array(rank * columns);
  for (let i = 0; i < rank; i++) {
    const slice = core.subarray(i * rank * kernel, (i + 1) * rank * kernel);
    addProduct(
      folded.subarray(i * columns, (i + 1) * columns),
      { a: inputsFirst, b: slice, rows: inputs, inner: rank, columns: kernel },
      1,
    );
  }
  return folded;
}
