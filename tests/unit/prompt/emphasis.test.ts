// Emphasis by its definition, on numbers small enough to check by hand.

import { expect, test } from "vitest";
import { applyEmphasis } from "../../../src/prompt/emphasis.ts";

test("applyEmphasis() leaves plain prompts alone", () => {
  const hidden = Float32Array.of(1, 2, 3, 4);
  expect(applyEmphasis(hidden, Float32Array.of(1, 1))).toBe(hidden);
});

test("applyEmphasis() weighs tokens and restores the mean", () => {
  const hidden = Float32Array.of(1, 2, 3, 4); // two tokens of width 2, mean 2.5
  const result = applyEmphasis(hidden, Float32Array.of(1, 2)); // 1 2 6 8, mean 4.25
  const restore = 2.5 / 4.25;
  expect(Array.from(result, (value) => value.toFixed(5))).toEqual(
    [1, 2, 6, 8].map((value) => (value * restore).toFixed(5)),
  );
  expect([...hidden]).toEqual([1, 2, 3, 4]);
});

test("applyEmphasis() by 0 everywhere gives zeros, not NaN", () => {
  expect([...applyEmphasis(Float32Array.of(1, 2), Float32Array.of(0, 0))]).toEqual([0, 0]);
});
