// The wall between the page and the library worker: models on this device. Plain data only crosses it.

import type { ModelDefaults, ModelNeeds, ModelType } from "./model-manifest.ts";

/** One model the user can pick. */
export interface ModelRecord {
  readonly id: string;
  readonly name: string;
  readonly type: ModelType;
  /** Id of a row of models/families.ts. */
  readonly family: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly origin: "embedded" | "imported";
  readonly fileName: string;
  /** Dominant dtype of the weights, as stored. */
  readonly dtype: string;
  readonly defaults: ModelDefaults;
  readonly needs: ModelNeeds;
  readonly license: string;
  /** Prompts that show what it can do. */
  readonly examples?: readonly string[];
  /** Milliseconds since the epoch; 0 for embedded models. */
  readonly addedAt: number;
}

export interface ImportProgress {
  readonly fileName: string;
  readonly bytesDone: number;
  readonly bytesTotal: number;
}

/** Implemented by library/ in its worker, mirrored by client/ on the page. */
export interface Library {
  start(options: { readonly baseUrl: string }): Promise<void>;
  listModels(): Promise<readonly ModelRecord[]>;
  /**
   * Recognises a file, streams it into OPFS while hashing and records it. The file is read through `file` only; nothing is
   * visible before size and hash are known. Rejects with FileFormat, UnsupportedModel or StorageFull and leaves nothing behind.
   */
  importFile(file: File, onProgress: (progress: ImportProgress) => void): Promise<ModelRecord>;
  removeModel(id: string): Promise<void>;
}
