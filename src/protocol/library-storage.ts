// What the library's files take up and whether they are still whole, as the page sees it. Plain data only.

import type { ModelType } from "./model-manifest.ts";

export interface StorageUse {
  /** Bytes of stored models by kind; kinds without a model are absent. */
  readonly models: Readonly<Partial<Record<ModelType, number>>>;
  /** Bytes of unfinished and quarantined downloads. */
  readonly downloads: number;
  /** The browser's figures for everything that Kiln stores here, pictures included. */
  readonly usage: number;
  readonly quota: number;
  /** False: the browser may remove everything when the disk fills up. The page asks with navigator.storage.persist(). */
  readonly persisted: boolean;
}

export type FileProblemKind =
  | "missing" // evicted by the browser or deleted
  | "wrong-size"
  | "changed" // a file in place has another date; only reading it tells whether its bytes are others
  | "not-allowed" // a file in place may not be read before the user allows it again
  | "wrong-hash"; // only found by a thorough check

export interface FileProblem {
  readonly modelId: string;
  readonly name: string;
  readonly kind: FileProblemKind;
  readonly expected: string;
  readonly got: string;
}

export interface CheckProgress {
  readonly filesDone: number;
  readonly filesTotal: number;
  readonly bytesDone: number;
  readonly bytesTotal: number;
}

/** Implemented by library/ in its worker, mirrored by client/ on the page. */
export interface LibraryStorage {
  use(): Promise<StorageUse>;
  /** Compares every file with its record: its presence and size, and its SHA-256 too when `thorough`. */
  check(thorough: boolean, onProgress: (progress: CheckProgress) => void): Promise<readonly FileProblem[]>;
  /**
   * A stored model's file, to be saved elsewhere. It stays on disk: nothing is read before the page reads it.
   * Rejects with ModelNotFound for a model without a file here, which includes those that come with the app.
   */
  openFile(modelId: string): Promise<File>;
}
