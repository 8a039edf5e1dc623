// The library as the page sees it: the same interface, over the port. Starts its worker again when it died.

import { proxy } from "comlink";
import type { ImportProgress, Library, ModelRecord } from "../protocol/library-api.ts";
import { WorkerHost, type StartWorker } from "./worker-host.ts";

const startLibraryWorker: StartWorker = (name) =>
  new Worker(new URL("../workers/library.worker.ts", import.meta.url), { type: "module", name });

export class LibraryClient implements Library {
  readonly #host: WorkerHost<Library>;
  #options: { readonly baseUrl: string } | undefined;

  constructor(startWorker: StartWorker = startLibraryWorker) {
    this.#host = new WorkerHost("library", startWorker);
  }

  async start(options: { readonly baseUrl: string }): Promise<void> {
    this.#options = options;
    await this.#host.call((library) => library.start(options));
  }

  async listModels(): Promise<readonly ModelRecord[]> {
    await this.#revive();
    return this.#host.call((library) => library.listModels());
  }

  async importFile(file: File, onProgress: (progress: ImportProgress) => void): Promise<ModelRecord> {
    await this.#revive();
    return this.#host.call((library) => library.importFile(file, proxy(onProgress)));
  }

  async removeModel(id: string): Promise<void> {
    await this.#revive();
    await this.#host.call((library) => library.removeModel(id));
  }

  async #revive(): Promise<void> {
    if (!this.#host.alive && this.#options) await this.start(this.#options);
  }
}
