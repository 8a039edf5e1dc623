// What both of torch's file forms come down to: an object, and where the storages it refers to lie.

import type { PickleValue } from "./pickle-values.ts";

export interface TorchArchive {
  readonly value: PickleValue;
  /** Position in the source of a storage's first byte. Rejects with AppError FileFormat when it is not all there. */
  readonly locate: (storageKey: string) => Promise<number>;
}
