// The library of models on this device: the embedded ones and those the user imported. Runs in its worker; downloads nothing.

import { AppError } from "../protocol/app-error.ts";
import type { ImportProgress, Library, ModelRecord } from "../protocol/library-api.ts";
import { whenNobodyWrites, whileWriting } from "../shared/write-lock.ts";
import { embeddedRecords, fetchManifest } from "./embedded-models.ts";
import { COMMITTING, importModel } from "./import-model.ts";
import { type LibraryDatabase, openLibraryDatabase } from "./library-database.ts";
import { type ModelFiles, openModelFiles } from "./model-files.ts";
import { estimatedFreeSpace, type FreeSpace } from "./storage-room.ts";

const WRITING = "kiln-library-writing";

interface Opened {
  readonly database: LibraryDatabase;
  readonly files: ModelFiles;
  readonly embedded: readonly ModelRecord[];
}

/** Owns the library's database and the models folder of the private file system. */
export class LocalLibrary implements Library {
  readonly #freeSpace: FreeSpace;
  #opened: Opened | undefined;

  constructor(freeSpace: FreeSpace = estimatedFreeSpace) {
    this.#freeSpace = freeSpace;
  }

  async start(options: { readonly baseUrl: string }): Promise<void> {
    const embedded = embeddedRecords(await fetchManifest(options.baseUrl));
    this.dispose();
    const [database, files] = [await openLibraryDatabase(), await openModelFiles()];
    this.#opened = { database, files, embedded };
    await whenNobodyWrites(navigator.locks, WRITING, async () => {
      await files.tidy(new Set(await database.getAllKeys("models")));
    });
  }

  /** Embedded models first, then imported ones, newest first. */
  async listModels(): Promise<readonly ModelRecord[]> {
    const { database, embedded } = this.#require();
    return [...embedded, ...(await database.getAllFromIndex("models", "addedAt")).reverse()];
  }

  async importFile(file: File, onProgress: (progress: ImportProgress) => void): Promise<ModelRecord> {
    const opened = this.#require();
    return await whileWriting(navigator.locks, WRITING, () =>
      importModel(file, { ...opened, freeSpace: this.#freeSpace }, onProgress),
    );
  }

  async removeModel(id: string): Promise<void> {
    const { database, files, embedded } = this.#require();
    if (embedded.some((record) => record.id === id)) {
      throw new AppError("InvalidRequest", "This model is part of the app and cannot be removed.", {
        where: id,
        expected: "an imported model",
        got: "an embedded one",
      });
    }
    if (!(await database.get("models", id))) {
      throw new AppError("ModelNotFound", `There is no model "${id}" on this device.`, {
        where: id,
        expected: "a model of the library",
        got: "no record",
      });
    }
    // The record first: a crash then leaves files that `start` removes, never a model without its file.
    await navigator.locks.request(COMMITTING, async () => {
      await database.delete("models", id);
      await files.remove(id);
    });
  }

  dispose(): void {
    this.#opened?.database.close();
    this.#opened = undefined;
  }

  #require(): Opened {
    if (!this.#opened) throw new Error("LocalLibrary.start was not called.");
    return this.#opened;
  }
}
