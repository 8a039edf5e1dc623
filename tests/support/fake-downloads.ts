// A queue of downloads for tests of the page: it moves when the test says so, and fetches nothing.

import { AppError } from "../../src/protocol/app-error.ts";
import {
  type AddressContents,
  DEFAULT_HOSTS,
  type Download,
  type DownloadEvent,
  type DownloadProgress,
  type DownloadRequest,
  type Downloads,
  type DownloadSettings,
  type SourceId,
} from "../../src/protocol/downloads-api.ts";

export class FakeDownloads implements Downloads {
  entries: Download[] = [];
  readonly requests: DownloadRequest[] = [];
  readonly tokens = new Map<SourceId, string>();
  readonly provided: { readonly id: string; readonly file: File }[] = [];
  /** What addresses name; others are refused. */
  readonly contents = new Map<string, AddressContents>();
  #settings: DownloadSettings = { parallel: 2, hosts: DEFAULT_HOSTS, tokens: {} };
  #listener: (event: DownloadEvent) => void = () => undefined;

  #announce(download: Download): void {
    this.#listener({ type: "changed", download, order: this.entries.map(({ id }) => id) });
  }

  /** Changes an entry as the worker would. */
  put(id: string, change: Partial<Download>): void {
    this.entries = this.entries.map((entry) => (entry.id === id ? { ...entry, ...change } : entry));
    this.#announce(this.entries.find((entry) => entry.id === id)!);
  }

  progress(progress: DownloadProgress): void {
    this.#listener({ type: "progress", progress });
  }

  inspect(address: string): Promise<AddressContents> {
    const contents = this.contents.get(address);
    if (contents) return Promise.resolve(contents);
    const message = "This address names no model that Kiln can find.";
    return Promise.reject(new AppError("InvalidRequest", message, { where: address }));
  }

  add(request: DownloadRequest): Promise<Download> {
    this.requests.push(request);
    const download: Download = {
      id: `download-${this.requests.length}`,
      title: request.title ?? request.fileName ?? request.address,
      fileName: request.fileName,
      address: request.address,
      source: "direct",
      state: "queued",
      bytesDone: 0,
      bytesTotal: request.bytes,
      sha256: request.sha256,
      ...(request.files && { fileCount: request.files.length }),
      addedAt: this.requests.length,
    };
    this.entries = [...this.entries, download];
    this.#announce(download);
    return Promise.resolve(download);
  }

  list(): Promise<readonly Download[]> {
    return Promise.resolve(this.entries);
  }

  pause(id: string): Promise<void> {
    return Promise.resolve(this.put(id, { state: "paused" }));
  }

  resume(id: string): Promise<void> {
    return Promise.resolve(this.put(id, { state: "running" }));
  }

  retry(id: string): Promise<void> {
    return Promise.resolve(this.put(id, { state: "queued", error: undefined }));
  }

  cancel(id: string): Promise<void> {
    this.entries = this.entries.filter((entry) => entry.id !== id);
    this.#listener({ type: "removed", id });
    return Promise.resolve();
  }

  move(id: string, position: number): Promise<void> {
    const moved = this.entries.find((entry) => entry.id === id)!;
    const rest = this.entries.filter((entry) => entry.id !== id);
    this.entries = rest.toSpliced(position, 0, moved);
    this.#announce(moved);
    return Promise.resolve();
  }

  provideFile(id: string, file: File): Promise<void> {
    this.provided.push({ id, file });
    return Promise.resolve(this.put(id, { state: "checking", error: undefined }));
  }

  settings(): Promise<DownloadSettings> {
    return Promise.resolve(this.#settings);
  }

  configure(change: Parameters<Downloads["configure"]>[0]): Promise<DownloadSettings> {
    this.#settings = { ...this.#settings, ...change };
    return Promise.resolve(this.#settings);
  }

  setToken(source: SourceId, token: string | undefined): Promise<DownloadSettings> {
    if (token === undefined) this.tokens.delete(source);
    else this.tokens.set(source, token);
    const tokens = { ...this.#settings.tokens, [source]: token !== undefined };
    this.#settings = { ...this.#settings, tokens };
    return Promise.resolve(this.#settings);
  }

  subscribe(listener: (event: DownloadEvent) => void): Promise<void> {
    this.#listener = listener;
    return Promise.resolve();
  }
}
