// Opens everything the page keeps: gallery, queues and settings over one database. The page calls it once at start.

import { GalleryStore } from "./gallery-store.ts";
import { openPageDatabase } from "./page-database.ts";
import { openPictureFiles } from "./picture-files.ts";
import { QueueStore } from "./queue-store.ts";
import { SettingsStore } from "./settings-store.ts";
import { readStorageUsage, type StorageUsage } from "./storage-usage.ts";
import { createTabPresence } from "./tab-locks.ts";
import { makeThumbnail } from "./thumbnail.ts";
import { UpscaleQueue } from "./upscale-queue.ts";

export interface PageStorage {
  readonly gallery: GalleryStore;
  readonly queue: QueueStore;
  readonly upscales: UpscaleQueue;
  readonly settings: SettingsStore;
  /** `modelBytes`: sum over the imported models, as the library lists them. */
  readUsage(modelBytes: number): Promise<StorageUsage>;
  dispose(): void;
}

/**
 * Opens the stores, starts to tidy what a crash left and puts jobs of tabs that are gone back into the queue.
 * @throws AppError Unsupported when the browser does not let the page store anything.
 */
export async function openPageStorage(): Promise<PageStorage> {
  const database = await openPageDatabase();
  const presence = await createTabPresence();
  const files = await openPictureFiles(database);
  const gallery = new GalleryStore(database, files, makeThumbnail);
  const queue = new QueueStore(database, presence);
  const upscales = new UpscaleQueue(database, presence);
  const settings = await SettingsStore.open(database);
  await Promise.all([queue.recover(), upscales.recover()]);
  // Not awaited: the first paint does not depend on it, and what it leaves undone is done at the next start.
  gallery.tidy().catch(() => undefined);
  return {
    gallery,
    queue,
    upscales,
    settings,
    readUsage: (modelBytes) => readStorageUsage(files, modelBytes),
    dispose() {
      gallery.dispose();
      queue.dispose();
      upscales.dispose();
      settings.dispose();
      presence.dispose();
      database.close();
    },
  };
}
