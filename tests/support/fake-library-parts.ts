// Storage, linked files, hashes and watched folders for tests of the page: what the library's worker would answer, in memory.

import { AppError } from "../../src/protocol/app-error.ts";
import type { ModelRecord } from "../../src/protocol/library-api.ts";
import type { LinkedFile, LinkedFiles, LinkedFileState } from "../../src/protocol/linked-files.ts";
import type {
  CheckProgress,
  FileProblem,
  LibraryStorage,
  StorageUse,
} from "../../src/protocol/library-storage.ts";
import type { ModelHashes, ModelHashing } from "../../src/protocol/model-hashes.ts";
import type {
  WatchedFolder,
  WatchedFolderEvent,
  WatchedFolders,
} from "../../src/protocol/watched-folders-api.ts";

export class FakeLibraryStorage implements LibraryStorage {
  problems: readonly FileProblem[] = [];
  readonly checks: boolean[] = [];
  readonly #models: () => readonly ModelRecord[];

  constructor(models: () => readonly ModelRecord[]) {
    this.#models = models;
  }

  use(): Promise<StorageUse> {
    const models: Partial<Record<ModelRecord["type"], number>> = {};
    for (const { type, bytes, origin } of this.#models()) {
      if (origin === "imported") models[type] = (models[type] ?? 0) + bytes;
    }
    const downloads = 250_000_000;
    const usage = Object.values(models).reduce((sum, bytes) => sum + bytes, downloads + 60_000_000);
    return Promise.resolve({ models, downloads, usage, quota: 120_000_000_000, persisted: false });
  }

  check(thorough: boolean, onProgress: (progress: CheckProgress) => void): Promise<readonly FileProblem[]> {
    this.checks.push(thorough);
    onProgress({ filesDone: 1, filesTotal: 2, bytesDone: 1, bytesTotal: 2 });
    return Promise.resolve(this.problems);
  }

  openFile(modelId: string): Promise<File> {
    const model = this.#models().find(({ id }) => id === modelId);
    if (!model) return Promise.reject(new AppError("ModelNotFound", `There is no model "${modelId}".`));
    return Promise.resolve(new File([`weights of ${model.name}`], model.fileName));
  }
}

export class FakeLinkedFiles implements LinkedFiles {
  files: readonly LinkedFile[] = [];
  /** What the next check of a changed file finds. */
  found: LinkedFileState = "ready";
  readonly checked: string[] = [];

  list(): Promise<readonly LinkedFile[]> {
    return Promise.resolve(this.files);
  }

  check(modelId: string): Promise<LinkedFileState> {
    this.checked.push(modelId);
    this.files = this.files.map((file) => (file.modelId === modelId ? { ...file, state: this.found } : file));
    return Promise.resolve(this.found);
  }
}

export class FakeHashing implements ModelHashing {
  readonly computed = new Set<string>();

  #hashes(id: string): ModelHashes {
    return {
      sha256: id.padEnd(64, "0"),
      autoV1: "1234abcd",
      autoV2: "0123456789",
      crc32: "cafe0001",
      blake3: "b".repeat(64),
      embedded: {},
    };
  }

  get(id: string): Promise<ModelHashes | undefined> {
    return Promise.resolve(this.computed.has(id) ? this.#hashes(id) : undefined);
  }

  compute(id: string): Promise<ModelHashes> {
    this.computed.add(id);
    return Promise.resolve(this.#hashes(id));
  }

  computeMissing(): ReturnType<ModelHashing["computeMissing"]> {
    return Promise.resolve({ filesDone: 0, filesTotal: 0, bytesDone: 0, bytesTotal: 0, failures: [] });
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }
}

export class FakeWatchedFolders implements WatchedFolders {
  folders: readonly WatchedFolder[] = [];
  readonly rescanned: string[] = [];
  #listener: (event: WatchedFolderEvent) => void = () => undefined;

  emit(event: WatchedFolderEvent): void {
    this.#listener(event);
  }

  subscribe(listener: (event: WatchedFolderEvent) => void): Promise<void> {
    this.#listener = listener;
    return Promise.resolve();
  }

  list(): Promise<readonly WatchedFolder[]> {
    return Promise.resolve(this.folders);
  }

  add(handle: FileSystemDirectoryHandle): Promise<WatchedFolder> {
    const facts = { permission: "granted", watches: "at-once", modelFiles: 0, lookedAt: 0 } as const;
    const folder = { id: handle.name, name: handle.name, handle, ...facts };
    this.folders = [...this.folders, folder];
    this.emit({ type: "changed" });
    return Promise.resolve(folder);
  }

  remove(id: string): Promise<void> {
    this.folders = this.folders.filter((folder) => folder.id !== id);
    this.emit({ type: "changed" });
    return Promise.resolve();
  }

  rescan(id: string): Promise<void> {
    this.rescanned.push(id);
    this.emit({ type: "changed" });
    return Promise.resolve();
  }
}
