// What the graph builder hands to the runtime: a small ModelProto and the big initializers it refers to. Plain data.

export type OnnxDType = "float32" | "float16" | "int64" | "int32" | "bool";

export interface OnnxValueInfo {
  readonly name: string;
  /** What callers know it by, where the graph needs it under another name. */
  readonly alias?: string;
  readonly dtype: OnnxDType;
  readonly shape: readonly number[];
  /** The shape is only an example: each run may bring another. */
  readonly anyShape?: boolean;
}

/**
 * A big initializer's bytes: one virtual external-data file per tensor, at offset 0. The runtime asks for them once while the
 * session is created; `read` and `readSync` give the same bytes.
 */
export interface ExternalData {
  /** TensorProto `location`; unique within the model, derived from the checkpoint's key. */
  readonly location: string;
  readonly byteLength: number;
  read(): Promise<Uint8Array<ArrayBuffer>>;
  readSync(): Uint8Array<ArrayBuffer>;
  /** Set when the published bytes fit as they are: reads only [start, end) of them, so that no large tensor is in memory twice. */
  readPart?(start: number, end: number): Promise<Uint8Array<ArrayBuffer>>;
}

/** The same with its type: bytes are converted to `dtype` where the file stores something else. */
export interface ExternalTensor extends ExternalData {
  readonly dtype: OnnxDType;
  readonly shape: readonly number[];
}

/** At the widest point of a graph, in bytes, without weights. */
export interface WorkingBytes {
  /** Where attention works through its scores in tiles (WebGPU's fused kernel). */
  readonly tiledScores: number;
  /** Where attention holds its whole score matrix (WASM). */
  readonly wholeScores: number;
}

export interface OnnxModel {
  readonly name: string;
  readonly proto: Uint8Array<ArrayBuffer>;
  readonly inputs: readonly OnnxValueInfo[];
  readonly outputs: readonly OnnxValueInfo[];
  readonly externals: readonly ExternalData[];
  /** Whether nodes widen weights at every run: the runtime must not do it once and keep the results. */
  readonly widensWeights: boolean;
  readonly workingBytes: WorkingBytes;
  /** The name of the model, where its graph is embedded as others made it: it may ask for what a runtime lacks. */
  readonly published?: string;
}
