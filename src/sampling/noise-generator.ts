// What a source of normal noise is. The implementations are torch-cpu.ts and philox.ts.

/** A seeded stream of unit normal values. One draw after another continues the stream, as a torch Generator does. */
export interface NoiseGenerator {
  /** The next `count` values; how they are drawn may depend on `count`, so the sizes of the draws are part of a recipe. */
  normal(count: number): Float32Array;
}
