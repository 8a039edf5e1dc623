// The library as the page sees it: the same interface, over the port. Starts its worker again when it died.

import { proxy, type Remote } from "comlink";
import type { Downloads } from "../protocol/downloads-api.ts";
import type {
  FolderEntry,
  ImportProgress,
  Library,
  LibraryWorkerApi,
  ModelRecord,
} from "../protocol/library-api.ts";
import type { CivitaiCatalog } from "../protocol/civitai-api.ts";
import type { LibraryStorage } from "../protocol/library-storage.ts";
import type { LinkedFiles } from "../protocol/linked-files.ts";
import type { ModelMetadataStore } from "../protocol/metadata-api.ts";
import type { ModelHashing } from "../protocol/model-hashes.ts";
import type { WatchedFolders } from "../protocol/watched-folders-api.ts";
import type { CallPart } from "./call-part.ts";
import { DownloadsClient } from "./downloads-client.ts";
import { CatalogClient, MetadataClient, WatchedFoldersClient } from "./metadata-client.ts";
import { WorkerHost, type StartWorker } from "./worker-host.ts";

const startLibraryWorker: StartWorker = (name) =>
  new Worker(new URL("../workers/library.worker.ts", import.meta.url), { type: "module", name });

type PartName = Exclude<keyof LibraryWorkerApi, keyof Library>;

export class LibraryClient implements LibraryWorkerApi {
  readonly #host: WorkerHost<LibraryWorkerApi>;
  #options: { readonly baseUrl: string } | undefined;

  readonly downloads: DownloadsClient;
  readonly metadata: MetadataClient;
  readonly civitai: CatalogClient;
  readonly folders: WatchedFoldersClient;

  readonly hashes: ModelHashing;
  readonly storage: LibraryStorage;
  readonly links: LinkedFiles;

  constructor(startWorker: StartWorker = startLibraryWorker) {
    this.#host = new WorkerHost("library", startWorker);
    this.downloads = new DownloadsClient(this.#part<Downloads>("downloads"));
    this.metadata = new MetadataClient(this.#part<ModelMetadataStore>("metadata"));
    this.civitai = new CatalogClient(this.#part<CivitaiCatalog>("civitai"));
    this.folders = new WatchedFoldersClient(this.#part<WatchedFolders>("folders"));
    this.hashes = hashingClient(this.#part<ModelHashing>("hashes"));
    this.storage = storageClient(this.#part<LibraryStorage>("storage"));
    this.links = linksClient(this.#part<LinkedFiles>("links"));
  }

  async start(options: { readonly baseUrl: string }): Promise<void> {
    this.#options = options;
    await this.#host.call((library) => library.start(options));
    await this.downloads.resubscribe();
    await this.metadata.resubscribe();
    await this.folders.resubscribe();
  }

  async listModels(): Promise<readonly ModelRecord[]> {
    await this.#revive();
    return this.#host.call((library) => library.listModels());
  }

  async importFile(file: File, onProgress: (progress: ImportProgress) => void): Promise<ModelRecord> {
    await this.#revive();
    return this.#host.call((library) => library.importFile(file, proxy(onProgress)));
  }

  async importFolder(
    entries: readonly FolderEntry[],
    onProgress: (progress: ImportProgress) => void,
  ): Promise<ModelRecord> {
    await this.#revive();
    return this.#host.call((library) => library.importFolder(entries, proxy(onProgress)));
  }

  async linkFile(
    handle: FileSystemFileHandle,
    onProgress: (progress: ImportProgress) => void,
  ): Promise<ModelRecord> {
    await this.#revive();
    return this.#host.call((library) => library.linkFile(handle, proxy(onProgress)));
  }

  async removeModel(id: string): Promise<void> {
    await this.#revive();
    await this.#host.call((library) => library.removeModel(id));
  }

  #part<Part>(name: PartName): CallPart<Part> {
    return async (task) => {
      await this.#revive();
      // comlink's types take a nested object for a value; at run time it is a path that calls follow.
      return await this.#host.call((library) => task(library[name] as unknown as Remote<Part>));
    };
  }

  async #revive(): Promise<void> {
    if (!this.#host.alive && this.#options) await this.start(this.#options);
  }
}

function hashingClient(call: CallPart<ModelHashing>): ModelHashing {
  return {
    get: (modelId) => call((hashes) => hashes.get(modelId)),
    compute: (modelId) => call((hashes) => hashes.compute(modelId)),
    computeMissing: (onProgress) => call((hashes) => hashes.computeMissing(proxy(onProgress))),
    stop: () => call((hashes) => hashes.stop()),
  };
}

function storageClient(call: CallPart<LibraryStorage>): LibraryStorage {
  return {
    use: () => call((storage) => storage.use()),
    check: (thorough, onProgress) => call((storage) => storage.check(thorough, proxy(onProgress))),
    openFile: (modelId) => call((storage) => storage.openFile(modelId)),
  };
}

function linksClient(call: CallPart<LinkedFiles>): LinkedFiles {
  return {
    list: () => call((links) => links.list()),
    check: (modelId, onProgress) => call((links) => links.check(modelId, proxy(onProgress))),
  };
}
