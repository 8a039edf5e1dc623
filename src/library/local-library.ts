// The library of models on this device: the embedded ones and those the user imported or downloaded. Runs in its worker.

import { AppError } from "../protocol/app-error.ts";
import type { FolderEntry, ImportProgress, Library, ModelRecord } from "../protocol/library-api.ts";
import { whenNobodyWrites, whileWriting } from "../shared/write-lock.ts";
import { embeddedRecords, fetchManifest } from "./embedded-models.ts";
import type { CivitaiClient } from "./civitai/civitai-client.ts";
import { DownloadJournal } from "./downloads/download-journal.ts";
import { DownloadQueue } from "./downloads/download-queue.ts";
import { openPartFiles, type PartFiles } from "./downloads/part-files.ts";
import type { LocalWatchedFolders } from "./folders/local-watched-folders.ts";
import { LibraryHashing } from "./hashes/library-hashing.ts";
import {
  COMMITTING,
  type ExpectedFile,
  type ImportContext,
  importFolder,
  importModel,
} from "./import-model.ts";
import { type LibraryDatabase, openLibraryDatabase } from "./library-database.ts";
import { linkModel } from "./link-model.ts";
import { lookAtLinked, LocalLinkedFiles } from "./local-linked-files.ts";
import type { LocalMetadata } from "./metadata/local-metadata.ts";
import { type ModelFiles, openModelFiles } from "./model-files.ts";
import { type Descriptions, openDescriptions } from "./model-descriptions.ts";
import { openModelBytes } from "./open-model-file.ts";
import { estimatedFreeSpace, type FreeSpace } from "./storage-room.ts";
import { storeDownload } from "./store-download.ts";
import { StoredFiles } from "./stored-files.ts";

const WRITING = "kiln-library-writing";

interface Opened {
  readonly database: LibraryDatabase;
  readonly files: ModelFiles;
  readonly embedded: readonly ModelRecord[];
  readonly downloads: DownloadQueue;
  readonly descriptions: Descriptions;
  readonly hashes: LibraryHashing;
  readonly storage: StoredFiles;
  readonly links: LocalLinkedFiles;
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
    const parts = await openPartFiles();
    const stored = {
      listModels: () => database.getAll("models"),
      openFile: (record: ModelRecord) => openModelBytes(record, files, database),
    };
    const journal = new DownloadJournal(database);
    const downloads = this.#openDownloads(context, journal, parts);
    const descriptions = await openDescriptions({
      ...{ database, files, journal, downloads },
      listModels: () => this.listModels(),
      importFile: (file) => this.importFile(file, () => undefined),
      importFolder: (entries) => this.importFolder(entries, () => undefined),
    });
    this.#opened = {
      ...{ database, files, embedded, downloads, descriptions },
      hashes: new LibraryHashing({ ...stored, database }),
      storage: new StoredFiles({ ...stored, downloadBytes: () => parts.totalBytes() }),
      links: new LocalLinkedFiles(database),
    };
    await whenNobodyWrites(navigator.locks, WRITING, async () => {
      await files.tidy(new Set(await database.getAllKeys("models")));
    });
    this.#discover();
    // A folder that cannot be watched any more says so in `list`.
    void descriptions.folders.start().catch(() => undefined);
  }

  /** Embedded models first, then imported ones, newest first. */
  async listModels(): Promise<readonly ModelRecord[]> {
    const { database, embedded } = this.#require();
    return [...embedded, ...(await database.getAllFromIndex("models", "addedAt")).reverse()];
  }

  get downloads(): DownloadQueue {
    return this.#require().downloads;
  }

  get metadata(): LocalMetadata {
    return this.#require().descriptions.metadata;
  }

  get civitai(): CivitaiClient {
    return this.#require().descriptions.civitai;
  }

  get folders(): LocalWatchedFolders {
    return this.#require().descriptions.folders;
  }

  get hashes(): LibraryHashing {
    return this.#require().hashes;
  }

  get storage(): StoredFiles {
    return this.#require().storage;
  }

  get links(): LocalLinkedFiles {
    return this.#require().links;
  }

  async importFile(file: File, onProgress: (progress: ImportProgress) => void): Promise<ModelRecord> {
    const opened = this.#require();
    const record = await this.#import(file, { ...opened, freeSpace: this.#freeSpace }, onProgress);
    await opened.downloads.noteStored(record);
    this.#discover();
    return record;
  }

  async importFolder(
    entries: readonly FolderEntry[],
    onProgress: (progress: ImportProgress) => void,
  ): Promise<ModelRecord> {
    const context = { ...this.#require(), freeSpace: this.#freeSpace };
    const record = await whileWriting(navigator.locks, WRITING, () =>
      importFolder(entries, context, onProgress),
    );
    this.#discover();
    return record;
  }

  async linkFile(
    handle: FileSystemFileHandle,
    onProgress: (progress: ImportProgress) => void,
  ): Promise<ModelRecord> {
    const opened = this.#require();
    const record = await linkModel(handle, opened, onProgress);
    await opened.downloads.noteStored(record);
    this.#discover();
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
      await database.delete("hashes", id);
      await database.delete("linked", id);
      await files.remove(id);
    });
  }

  async dispose(): Promise<void> {
    const opened = this.#opened;
    this.#opened = undefined;
    await opened?.downloads.dispose();
    await opened?.descriptions.dispose();
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

  /** Metadata of a new model comes later than the model: nobody waits for it, and nothing depends on it. */
  #discover(): void {
    void this.#opened?.descriptions.metadata.discover().catch(() => undefined);
  }

  #openDownloads(context: ImportContext, journal: DownloadJournal, parts: PartFiles): DownloadQueue {
    const { database, embedded, freeSpace } = context;
    return new DownloadQueue({
      journal,
      parts,
      freeSpace,
      locks: navigator.locks,
      channel: new BroadcastChannel("kiln-downloads"),
      store: async (part, whole) => {
        const record = await whileWriting(navigator.locks, WRITING, () =>
          storeDownload(part, whole, context),
        );
        this.#discover();
        return record;
      },
      importFile: (file, expected) => this.#import(file, context, () => undefined, expected),
      findModel: async (sha256) => {
        const known = embedded.find((record) => record.sha256 === sha256);
        const record = known ?? (await database.get("models", sha256));
        // A link to a file that is gone or another one now is no reason not to download it.
        if (!record?.linked || (await lookAtLinked(record, database)).state === "ready") return record;
        return undefined;
      },
    });
  }

  #require(): Opened {
    if (!this.#opened) throw new Error("LocalLibrary.start was not called.");
    return this.#opened;
  }
}
