// The hashes by which the world names a model file, and the batch that computes them. Plain data; computes nothing.

import type { SerializedError } from "./app-error.ts";

/** Lower-case hex. Where several tools disagree on a name, the definition is docs/sources.md's. */
export interface ModelHashes {
  /** Of the whole file, 64 digits. */
  readonly sha256: string;
  /** The old hash of A1111: SHA-256 of 64 KiB at offset 1 MiB, 8 digits. */
  readonly autoV1: string;
  /** The first 10 digits of `sha256`. */
  readonly autoV2: string;
  /** The first 12 digits of the SHA-256 of everything behind a safetensors header; absent for other formats. */
  readonly autoV3?: string;
  readonly crc32: string;
  /** Of the whole file, 64 digits. */
  readonly blake3: string;
  /** What the file's own metadata claims, by metadata key (`sshs_model_hash`); claims, never proof. */
  readonly embedded: Readonly<Record<string, string>>;
}

/** How far "hash the whole library" is. */
export interface HashBatchProgress {
  readonly filesDone: number;
  readonly filesTotal: number;
  /** The file being read; absent when the batch has ended. */
  readonly fileName?: string;
  readonly bytesDone: number;
  readonly bytesTotal: number;
  /** Files that could not be read, each with its reason. The batch goes on without them. */
  readonly failures: readonly { readonly modelId: string; readonly error: SerializedError }[];
}

/** Implemented by library/hashes/ in the library's worker, mirrored by client/ on the page. */
export interface ModelHashing {
  /** Known hashes of a model; undefined until its file was read. */
  get(modelId: string): Promise<ModelHashes | undefined>;
  /** Reads one model's file now, unless its hashes are known. */
  compute(modelId: string): Promise<ModelHashes>;
  /** Reads every model whose hashes are not known yet; finished ones are kept when it is stopped or interrupted. */
  computeMissing(onProgress: (progress: HashBatchProgress) => void): Promise<HashBatchProgress>;
  /** Ends a running batch after the chunk it is at. */
  stop(): Promise<void>;
}
