// The parts of a graph while it is built: values with known shapes, nodes, inline constants. Plain data, no bytes of ONNX yet.

import type { OnnxDType } from "./onnx-model.ts";

/** A tensor flowing through the graph. Its shape is known while building, so a wrong layer fails where it is wrong. */
export interface Value {
  readonly name: string;
  readonly dtype: OnnxDType;
  readonly shape: readonly number[];
}

export type Attribute =
  | { readonly kind: "int"; readonly value: number }
  | { readonly kind: "ints"; readonly value: readonly number[] }
  | { readonly kind: "float"; readonly value: number }
  | { readonly kind: "string"; readonly value: string }
  | { readonly kind: "graph"; readonly value: Subgraph };

/** What one branch of an If computes. It sees the values of the graph around it, and holds no constants of its own. */
export interface Subgraph {
  readonly name: string;
  readonly nodes: readonly GraphNode[];
  readonly output: Value;
}

/** "" is ai.onnx; com.microsoft holds the runtime's fused operators. */
export type OperatorDomain = "" | "com.microsoft";

export interface GraphNode {
  readonly name: string;
  readonly opType: string;
  readonly domain: OperatorDomain;
  /** Value names; "" stands for an optional input left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

/** A small initializer kept inside the model's own bytes. */
export interface InlineConstant {
  readonly value: Value;
  /** Little-endian elements, as TensorProto.raw_data wants them. */
  readonly bytes: Uint8Array;
}

export const int = (value: number): Attribute => ({ kind: "int", value });
export const ints = (value: readonly number[]): Attribute => ({ kind: "ints", value });
export const float = (value: number): Attribute => ({ kind: "float", value });
export const string = (value: string): Attribute => ({ kind: "string", value });

export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, extent) => product * extent, 1);
}

export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((extent, axis) => extent === b[axis]);
}

/** How a value's type reads in a message: "float32 [2, 77, 768]". */
export function describe(value: Pick<Value, "dtype" | "shape">): string {
  return `${value.dtype} [${value.shape.join(", ")}]`;
}
