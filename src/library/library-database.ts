// The library's IndexedDB database: records of imported models, which embedded files were verified, downloads, hashes,
// metadata, watched folders. Holds no bytes of models.

import { type DBSchema, type IDBPDatabase, openDB } from "idb";
import { AppError } from "../protocol/app-error.ts";
import type { ModelRecord } from "../protocol/library-api.ts";
import type { ModelMetadata } from "../protocol/metadata-api.ts";
import type { ModelHashes } from "../protocol/model-hashes.ts";
import type { DownloadEntry, StoredSourceSettings } from "./downloads/download-journal.ts";

/** An embedded file whose hash was right once; its key names path, size and hash, so a new build is verified anew. */
export interface VerifiedFile {
  readonly key: string;
  readonly verifiedAt: number;
}

/** A folder outside the browser's storage that is looked into for new models. */
export interface StoredFolder {
  readonly id: string;
  readonly handle: FileSystemDirectoryHandle;
  /** Path to "size modified" of each model file that was imported or could not be, so that it is tried once. */
  readonly seen: Readonly<Record<string, string>>;
  readonly lookedAt: number;
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
  /** Key: the model's id. Stays when the model goes, for when it comes back. */
  metadata: { key: string; value: ModelMetadata };
  /** Small decisions of the user, by name. */
  preferences: { key: string; value: unknown };
  watched: { key: string; value: StoredFolder };
  /** Files of models that stay where the user keeps them. Key: the model's id. */
  linked: { key: string; value: FileSystemFileHandle };
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
  (database) => {
    database.createObjectStore("metadata", { keyPath: "id" });
    database.createObjectStore("preferences");
    database.createObjectStore("watched", { keyPath: "id" });
  },
  (database) => {
    database.createObjectStore("linked");
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
