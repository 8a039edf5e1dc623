// The page's IndexedDB database: its schema and how it is opened. Knows no rules about what the records mean.

import { type DBSchema, type IDBPDatabase, openDB } from "idb";
import { AppError } from "../protocol/app-error.ts";
import type { StoredPicture } from "./picture-record.ts";
import type { QueuedJob } from "./queue-store.ts";
import type { StoredSetting } from "./settings-store.ts";
import type { QueuedUpscale } from "./upscale-queue.ts";

export interface PageSchema extends DBSchema {
  /** Key: a number that grows with every picture, so that descending keys are newest first. */
  pictures: {
    key: number;
    value: StoredPicture;
    indexes: { terms: string; origin: [string, number] };
  };
  /** Picture files, only where the origin private file system cannot be written from a page. */
  files: { key: string; value: Blob };
  jobs: { key: string; value: QueuedJob; indexes: { position: number } };
  upscales: { key: string; value: QueuedUpscale; indexes: { position: number } };
  /** Pictures that wait to be enlarged, by their job. */
  sources: { key: string; value: Blob };
  settings: { key: string; value: StoredSetting };
}

export type PageDatabase = IDBPDatabase<PageSchema>;

/** What each version added to the one before. Never edited once published: databases of every version are out there. */
const UPGRADES: readonly ((database: PageDatabase) => void)[] = [
  (database) => {
    const pictures = database.createObjectStore("pictures", { keyPath: "id", autoIncrement: true });
    pictures.createIndex("terms", "terms", { multiEntry: true });
    pictures.createIndex("origin", ["jobId", "index"]);
    database.createObjectStore("files");
    database.createObjectStore("jobs", { keyPath: "id" }).createIndex("position", "position");
    database.createObjectStore("settings", { keyPath: "key" });
  },
  (database) => {
    database.createObjectStore("upscales", { keyPath: "id" }).createIndex("position", "position");
    database.createObjectStore("sources");
  },
];

/** @throws AppError Unsupported when the browser refuses IndexedDB (some private modes, blocked site data). */
export async function openPageDatabase(name = "kiln-page"): Promise<PageDatabase> {
  try {
    return await openDB<PageSchema>(name, UPGRADES.length, {
      upgrade(database, before) {
        for (const step of UPGRADES.slice(before)) step(database);
      },
      // A newer version of the app in another tab must not wait for this tab to be closed.
      blocking(_current, _blocked, event) {
        (event.target as IDBDatabase).close();
      },
    });
  } catch (cause) {
    throw new AppError(
      "Unsupported",
      "This browser does not let Kiln store anything: IndexedDB could not be opened.",
      { where: name, expected: "IndexedDB", got: cause instanceof Error ? cause.message : String(cause) },
      { cause },
    );
  }
}
