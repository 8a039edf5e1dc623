// What is known of a tensor before a byte of it is read. Not the bytes.

/** Storage dtypes of published checkpoints, by their safetensors names. */
export type DType =
  "F64" | "F32" | "F16" | "BF16" | "F8_E4M3" | "F8_E5M2" | "I64" | "I32" | "I16" | "I8" | "U8" | "BOOL";

export interface TensorInfo {
  readonly key: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** Absolute byte range [start, end) in the source. */
  readonly start: number;
  readonly end: number;
}
