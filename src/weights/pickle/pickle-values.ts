// What a restricted pickle can hold: Python's plain values, torch's storages and tensors, and inert objects. Runs nothing.

import type { DType } from "../tensor-info.ts";

export type PickleValue =
  | null
  | boolean
  | number
  /** Whole numbers beyond a double's exact range. */
  | bigint
  | string
  /** bytes and bytearray: a view of the pickle. */
  | Uint8Array
  | PickleList
  | PickleTuple
  | PickleDict
  | PickleGlobal
  | PickleObject
  | TorchStorage
  | TorchTensor;

export interface PickleList {
  readonly kind: "list";
  readonly items: PickleValue[];
}

export interface PickleTuple {
  readonly kind: "tuple";
  readonly items: readonly PickleValue[];
}

/** Strings and numbers are keys by value, all else by identity. */
export interface PickleDict {
  readonly kind: "dict";
  readonly entries: Map<PickleValue, PickleValue>;
}

/** What a global may stand for. Anything else is refused when it is looked up. */
export type GlobalRole =
  /** Ours, under torch's or Python's name. Must call `spend` for work that grows with its arguments. */
  | { readonly type: "function"; readonly call: GlobalCall }
  | { readonly type: "storage"; readonly dtype: DType }
  | { readonly type: "dtype"; readonly dtype: DType }
  /** A class kept by name only: its instances hold their state and do nothing. */
  | { readonly type: "inert" };

/** Counts work and memory, in operations, against what one pickle may cost. */
export type Spend = (operations: number) => void;

export type GlobalCall = (args: readonly PickleValue[], spend: Spend) => PickleValue;

export interface PickleGlobal {
  readonly kind: "global";
  /** Module and name, joined by a dot. */
  readonly name: string;
  readonly role: GlobalRole;
}

/** An instance of an inert class. What it was called with, or filled with as a container, is dropped. */
export interface PickleObject {
  readonly kind: "object";
  readonly className: string;
  state: PickleValue;
}

export interface TorchStorage {
  readonly kind: "storage";
  readonly key: string;
  readonly dtype: DType;
  /** Byte range of this view within the stored bytes of `key`. */
  readonly start: number;
  readonly end: number;
}

/** A strided view, not yet checked against its storage. */
export interface TorchTensor {
  readonly kind: "tensor";
  readonly storage: TorchStorage;
  readonly dtype: DType;
  /** In elements, from the storage's start. */
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

// An empty Map takes some 250 bytes, as much as eight other values.
const DICT_COST = 8;

export function emptyDict(spend: Spend): PickleDict {
  spend(DICT_COST);
  return { kind: "dict", entries: new Map() };
}

/** A value's type, fit for a message. */
export function kindOfPickle(value: PickleValue | undefined): string {
  if (value === undefined) return "nothing";
  if (value === null) return "None";
  if (value instanceof Uint8Array) return "bytes";
  if (typeof value !== "object") return `a ${typeof value}`;
  return value.kind === "object" ? `an object of class ${value.className}` : `a ${value.kind}`;
}

export function isKind<Kind extends "list" | "tuple" | "dict" | "global" | "object" | "storage" | "tensor">(
  value: PickleValue | undefined,
  kind: Kind,
): value is Extract<PickleValue, { readonly kind: Kind }> {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === kind;
}

/** A whole number of at least 0 that a double holds exactly. */
export function isNatural(value: PickleValue | undefined): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
