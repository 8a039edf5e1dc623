// Models whose file stays where the user keeps it, as the page sees them. Plain data and handles only.

import type { ImportProgress } from "./library-api.ts";

export const LINKED_FILE_STATES = [
  "ready",
  "ask", // the browser took its leave back: call `requestPermission` on the handle in a click
  "missing", // moved or deleted
  "changed", // another size or date than when it was hashed
] as const;
export type LinkedFileState = (typeof LINKED_FILE_STATES)[number];

export interface LinkedFile {
  readonly modelId: string;
  readonly handle: FileSystemFileHandle;
  readonly state: LinkedFileState;
}

/** Implemented by library/ in its worker, mirrored by client/ on the page. */
export interface LinkedFiles {
  /** Of every linked model; reads no bytes. */
  list(): Promise<readonly LinkedFile[]>;
  /**
   * Hashes a changed file again. "ready": the bytes are the same, only their date was not. "changed": it is another file now,
   * which `Library.linkFile` adds as a model of its own.
   */
  check(modelId: string, onProgress: (progress: ImportProgress) => void): Promise<LinkedFileState>;
}
