// The library's IndexedDB database: records of imported models, which embedded files were verified, downloads and hashes.
// Holds no bytes of models.

import { type DBSchema, type IDBPDatabase, openDB } from "idb";
import { AppError } from "../protocol/app-error.ts";
import type { ModelRecord } from "../protocol/library-api.ts";
import type { ModelHashes } from "../protocol/model-hashes.ts";
import type { DownloadEntry, StoredSourceSettings } from "./downloads/download-journal.ts";

/** An embedded file whose hash was right once; its key names path, size and hash, so a new build is verified anew. */
export interface VerifiedFile {
  readonly key: string;
  readonly verifiedAt: number;
}

export interface LibrarySchema extends DBSchema {
  /** Key: the file's SHA-256. */
  models: { key: string; value: ModelRecord; indexes: { addedAt: number } };
  verified: { key: string; value: VerifiedFile };
  downloads: { key: string; value: DownloadEntry };
  /** One record. */
  sources: { key: string; value: StoredSourceSettings };
  /** Key: the model's id. */
  hashes: { key: string; value: ModelHashes };
}

export type LibraryDatabase = IDBPDatabase<LibrarySchema>;

/** What each version added, first to last; records of earlier versions stay as they are. */
const upgrades: readonly ((database: LibraryDatabase) => void)[] = [
  (database) => {
    database.createObjectStore("models", { keyPath: "id" }).createIndex("addedAt", "addedAt");
    database.createObjectStore("verified", { keyPath: "key" });
  },
  (database) => {
    database.createObjectStore("downloads", { keyPath: "id" });
    database.createObjectStore("sources");
    database.createObjectStore("hashes");
  },
];

/** @throws AppError Unsupported when the browser refuses IndexedDB. */
export async function openLibraryDatabase(name = "kiln-library"): Promise<LibraryDatabase> {
  try {
    return await openDB<LibrarySchema>(name, upgrades.length, {
      upgrade(database, oldVersion) {
        for (const upgrade of upgrades.slice(oldVersion)) upgrade(database);
      },
      // A newer version of the app in another tab must not wait for this worker to end.
      blocking(_current, _blocked, event) {
        (event.target as IDBDatabase).close();
      },
    });
  } catch (cause) {
    throw new AppError(
      "Unsupported",
      "This browser does not let Kiln store models: IndexedDB could not be opened.",
      { where: name, expected: "IndexedDB", got: cause instanceof Error ? cause.message : String(cause) },
      { cause },
    );
  }
}
