// One assertion shared by the numeric tests of this folder: arrays equal within a named tolerance.

import { expect } from "vitest";

/** Fails unless every |actual - expected| is at most `tolerance`; NaN never passes. */
export function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void {
  expect(actual.length).toBe(expected.length);
  let worst = 0;
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs(actual[i] - expected[i]);
    worst = difference > worst || Number.isNaN(difference) ? difference : worst;
    if (Number.isNaN(worst)) break;
  }
  expect(worst, `largest difference between ${format(actual)} and ${format(expected)}`).toBeLessThanOrEqual(
    tolerance,
  );
}

function format(values: ArrayLike<number>): string {
  const shown = Array.from({ length: Math.min(values.length, 6) }, (_, i) => values[i].toPrecision(6));
  return `[${shown.join(", ")}${values.length > 6 ? ", ..." : ""}]`;
}
