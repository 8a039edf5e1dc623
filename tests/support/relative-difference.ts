// How far two arrays are apart, as all tolerances of the tests mean it.

/** max|a - b| / max|b| */
export function relativeDifference(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) throw new Error(`expected ${b.length} values, got ${a.length}`);
  let difference = 0;
  let largest = 0;
  for (let i = 0; i < b.length; i++) {
    // Not Math.max alone, which a NaN in `a` must not slip through.
    difference = Number.isNaN(a[i]) ? Infinity : Math.max(difference, Math.abs(a[i] - b[i]));
    largest = Math.max(largest, Math.abs(b[i]));
  }
  return difference / largest;
}
