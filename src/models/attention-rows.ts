// Into how many pieces a device forces an attention's queries: arithmetic on shapes, for graphs and for memory estimates alike.

export interface AttentionShape {
  readonly headWidth: number;
  readonly queries: number;
  readonly keys: number;
}

/** Rows of queries that may attend at once, spread evenly, where head width times queries times keys must stay below `maxWork`. */
export function attentionRows({ headWidth, queries, keys }: AttentionShape, maxWork: number): number {
  const most = Math.min(queries, Math.max(1, Math.ceil(maxWork / (headWidth * keys)) - 1));
  return Math.ceil(queries / Math.ceil(queries / most));
}
