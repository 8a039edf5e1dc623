// How much of the browser's storage Kiln uses, and the request to keep it. Deletes nothing.

import type { PictureFiles } from "./picture-files.ts";

export interface StorageUsage {
  /** Bytes of everything this origin stores, and what the browser would allow. */
  readonly used: number;
  readonly quota: number;
  readonly pictures: number;
  /** Imported model files. */
  readonly models: number;
  /** The app itself with the embedded model, records and caches: what is used and is neither of the above. */
  readonly app: number;
  /** Whether the browser promised not to evict it when the disk runs low. */
  readonly persisted: boolean;
}

/** `modelBytes`: sum over the imported models, as the library lists them. */
export async function readStorageUsage(files: PictureFiles, modelBytes: number): Promise<StorageUsage> {
  const [{ usage = 0, quota = 0 }, persisted, pictures] = await Promise.all([
    navigator.storage.estimate(),
    navigator.storage.persisted(),
    files.bytes(),
  ]);
  // Browsers round and delay the estimate, so the parts may exceed it for a while.
  const app = Math.max(0, usage - pictures - modelBytes);
  return {
    used: Math.max(usage, pictures + modelBytes),
    quota,
    pictures,
    models: modelBytes,
    app,
    persisted,
  };
}

/** Asks the browser to keep everything even when the disk runs low. Some browsers ask the user. */
export async function requestPersistence(): Promise<boolean> {
  return (await navigator.storage.persisted()) || (await navigator.storage.persist());
}
