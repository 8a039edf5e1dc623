// The library of models on this device: the embedded ones and those the user imported or downloaded. Runs in its worker.

import { AppError } from "../protocol/app-error.ts";
import type { ImportProgress, Library, ModelRecord } from "../protocol/library-api.ts";
import { whenNobodyWrites, whileWriting } from "../shared/write-lock.ts";
import { embeddedRecords, fetchManifest } from "./embedded-models.ts";
import { DownloadJournal } from "./downloads/download-journal.ts";
import { DownloadQueue } from "./downloads/download-queue.ts";
import { openPartFiles } from "./downloads/part-files.ts";
import { COMMITTING, type ExpectedFile, type ImportContext, importModel } from "./import-model.ts";
import { type LibraryDatabase, openLibraryDatabase } from "./library-database.ts";
import { type ModelFiles, openModelFiles } from "./model-files.ts";
import { estimatedFreeSpace, type FreeSpace } from "./storage-room.ts";
import { storeDownload } from "./store-download.ts";

const WRITING = "kiln-library-writing";

interface Opened {
  readonly database: LibraryDatabase;
  readonly files: ModelFiles;
  readonly embedded: readonly ModelRecord[];
  readonly downloads: DownloadQueue;
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
    await this.dispose();
    const [database, files] = [await openLibraryDatabase(), await openModelFiles()];
    const context = { database, files, embedded, freeSpace: this.#freeSpace };
    this.#opened = { database, files, embedded, downloads: await this.#openDownloads(context) };
    await whenNobodyWrites(navigator.locks, WRITING, async () => {
      await files.tidy(new Set(await database.getAllKeys("models")));
    });
  }

  /** Embedded models first, then imported ones, newest first. */
  async listModels(): Promise<readonly ModelRecord[]> {
    const { database, embedded } = this.#require();
    return [...embedded, ...(await database.getAllFromIndex("models", "addedAt")).reverse()];
  }

  get downloads(): DownloadQueue {
    return this.#require().downloads;
  }

  async importFile(file: File, onProgress: (progress: ImportProgress) => void): Promise<ModelRecord> {
    const opened = this.#require();
    const record = await this.#import(file, { ...opened, freeSpace: this.#freeSpace }, onProgress);
    await opened.downloads.noteStored(record);
    return record;
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

  async dispose(): Promise<void> {
    const opened = this.#opened;
    this.#opened = undefined;
    await opened?.downloads.dispose();
    opened?.database.close();
  }

  #import(
    file: File,
    context: ImportContext,
    onProgress: (progress: ImportProgress) => void,
    expected?: ExpectedFile,
  ): Promise<ModelRecord> {
    return whileWriting(navigator.locks, WRITING, () => importModel(file, context, onProgress, expected));
  }

  async #openDownloads(context: ImportContext): Promise<DownloadQueue> {
    const { database, embedded, freeSpace } = context;
    return new DownloadQueue({
      journal: new DownloadJournal(database),
      parts: await openPartFiles(),
      freeSpace,
      locks: navigator.locks,
      channel: new BroadcastChannel("kiln-downloads"),
      store: (part, fileName, sha256) =>
        whileWriting(navigator.locks, WRITING, () => storeDownload(part, fileName, sha256, context)),
      importFile: (file, expected) => this.#import(file, context, () => undefined, expected),
      findModel: async (sha256) =>
        embedded.find((record) => record.sha256 === sha256) ?? (await database.get("models", sha256)),
    });
  }

  #require(): Opened {
    if (!this.#opened) throw new Error("LocalLibrary.start was not called.");
    return this.#opened;
  }
}
