// A small schema language for JSON from outside: what each field must be, and what to do when it is not. Knows no service.

import type { SchemaProblem } from "../../protocol/civitai-api.ts";

/** Where in the answer, and where to write down what was wrong. */
interface Position {
  readonly where: string;
  readonly problems: SchemaProblem[];
}

export type Reader<T> = (value: unknown, at: Position) => T;

export type Read<R> = R extends Reader<infer T> ? T : never;

/** A value that cannot be used. Caught by the nearest `optional` or `list`; the whole answer fails when there is none. */
export class Mismatch extends Error {
  readonly problem: SchemaProblem;

  constructor(problem: SchemaProblem) {
    super(`${problem.where} should be ${problem.expected}, got ${problem.got}`);
    this.problem = problem;
  }
}

// An answer with thousands of wrong fields is one problem of the service, not thousands for the user.
const MAX_PROBLEMS = 50;
const MAX_SHOWN_LENGTH = 60;

function mismatch(where: string, expected: string, value: unknown): never {
  throw new Mismatch({ where, expected, got: shown(value) });
}

function shown(value: unknown): string {
  if (value === undefined) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object" && value !== null) return "an object";
  return JSON.stringify(value).slice(0, MAX_SHOWN_LENGTH);
}

function primitive<T>(expected: string, is: (value: unknown) => value is T): Reader<T> {
  return (value, { where }) => (is(value) ? value : mismatch(where, expected, value));
}

export const text = primitive("text", (value): value is string => typeof value === "string");
export const flag = primitive("true or false", (value): value is boolean => typeof value === "boolean");
export const number = primitive(
  "a number",
  (value): value is number => typeof value === "number" && Number.isFinite(value),
);
export const id = primitive(
  "a whole number above 0",
  (value): value is number => Number.isSafeInteger(value) && (value as number) > 0,
);

/** Absent and null give the fallback in silence; anything else that does not fit is reported and gives it too. */
export function optional<T, F>(read: Reader<T>, fallback: F): Reader<T | F> {
  return (value, at) => {
    if (value === undefined || value === null) return fallback;
    return attempt(() => read(value, at), at.problems, fallback);
  };
}

/** Entries that do not fit are left out and reported; null entries are left out in silence. */
export function list<T>(read: Reader<T>): Reader<T[]> {
  return (value, { where, problems }) => {
    if (!Array.isArray(value)) mismatch(where, "a list", value);
    return (value as unknown[]).flatMap((entry, i) => {
      if (entry === null) return [];
      return attempt(() => [read(entry, { where: `${where}[${i}]`, problems })], problems, []);
    });
  };
}

/** The first reader that fits. */
export function either<A, B>(first: Reader<A>, second: Reader<B>): Reader<A | B> {
  return (value, at) => {
    const problems: SchemaProblem[] = [];
    try {
      const read = first(value, { ...at, problems });
      at.problems.push(...problems);
      return read;
    } catch (error) {
      if (!(error instanceof Mismatch)) throw error;
      return second(value, at);
    }
  };
}

type Fields = Readonly<Record<string, Reader<unknown>>>;
type ReadFields<F extends Fields> = { readonly [K in keyof F]: Read<F[K]> };

/** Fields that are not in the table are kept as they are. */
export function record<F extends Fields>(fields: F): Reader<ReadFields<F> & Record<string, unknown>> {
  return (value, { where, problems }) => {
    const entries = requireObject(value, where);
    const known = Object.entries(fields).map(([name, read]) => [
      name,
      read(entries[name], { where: where ? `${where}.${name}` : name, problems }),
    ]);
    return { ...entries, ...(Object.fromEntries(known) as ReadFields<F>) };
  };
}

/** Any names, values of one kind. */
export function dictionary<T>(read: Reader<T>): Reader<Record<string, T>> {
  return (value, { where, problems }) => {
    const entries = Object.entries(requireObject(value, where)).flatMap(([name, entry]) => {
      if (entry === null) return [];
      return attempt(
        () => [[name, read(entry, { where: `${where}.${name}`, problems })] as const],
        problems,
        [],
      );
    });
    return Object.fromEntries(entries);
  };
}

export interface CheckedAnswer<T> {
  readonly value: T;
  readonly problems: readonly SchemaProblem[];
}

/** @throws Mismatch when the answer as a whole cannot be used. */
export function readAnswer<T>(read: Reader<T>, json: unknown): CheckedAnswer<T> {
  const problems: SchemaProblem[] = [];
  const value = read(json, { where: "", problems });
  return { value, problems: problems.slice(0, MAX_PROBLEMS) };
}

function requireObject(value: unknown, where: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    mismatch(where, "an object", value);
  return value as Record<string, unknown>;
}

function attempt<T, F>(read: () => T, problems: SchemaProblem[], fallback: F): T | F {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof Mismatch)) throw error;
    problems.push(error.problem);
    return fallback;
  }
}
