// What another implementation gives is read from a file, fed to a graph, and compared with.

import { expect, test } from "vitest";
import {
  expectedError,
  expectedInputs,
  openExpectedValues,
  relativeError,
} from "../../../../src/engine/benchmark/expected-values.ts";
import { memorySource } from "../../../../src/weights/memory-source.ts";
import { writeSafetensors } from "../../../../src/weights/write-safetensors.ts";

const bytesOf = (values: Float32Array | Int32Array) => new Uint8Array(values.slice().buffer);

const values = await openExpectedValues(
  memorySource(
    writeSafetensors(
      new Map([
        ["input.input_ids", { dtype: "I32", shape: [1, 2], bytes: bytesOf(Int32Array.of(5, 7)) }],
        ["output.hidden", { dtype: "F32", shape: [2], bytes: bytesOf(Float32Array.of(3, 4)) }],
        ["output.pooled", { dtype: "F32", shape: [1], bytes: bytesOf(Float32Array.of(2)) }],
      ]),
    ),
    "expected",
  ),
);
const input = (shape: readonly number[], name = "input_ids") => ({ name, dtype: "int32", shape }) as const;

test("inputs are those of the graph, in their own type", () => {
  expect(expectedInputs(values, [input([1, 2])])).toEqual({ input_ids: Int32Array.of(5, 7) });
});

test.each([
  ["another length", input([1, 3]), "input.input_ids", "2"],
  ["another name", input([1, 2], "tokens"), "input.tokens", "none"],
])("inputs of %s are refused", (_, wanted, where, got) => {
  expect(() => expectedInputs(values, [wanted])).toThrow(
    expect.objectContaining({
      name: "InvalidRequest",
      details: expect.objectContaining({ where, got }) as unknown,
    }),
  );
});

test("the output that is furthest off counts", () => {
  const exact = { hidden: Float32Array.of(3, 4), pooled: Float32Array.of(2) };
  expect(expectedError(values, exact)).toBe(0);
  expect(expectedError(values, { ...exact, pooled: Float32Array.of(3) })).toBe(0.5);
  expect(expectedError(values, { ...exact, hidden: Float32Array.of(3, NaN) })).toBeNaN();
  expect(() => expectedError(values, { hidden: exact.hidden })).toThrow(/output\.pooled/);
});

test("relativeError() is the norm of the difference, of the expected norm", () => {
  expect(relativeError(Float32Array.of(3, 9), Float32Array.of(3, 4))).toBe(1);
});
