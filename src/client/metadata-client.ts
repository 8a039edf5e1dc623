// Metadata, the Civitai catalogue and watched folders as the page sees them: the same interfaces, over the port. They go on
// listening when the worker was started again.

import { proxy } from "comlink";
import type { CivitaiCatalog } from "../protocol/civitai-api.ts";
import type { MetadataEvent, MetadataProgress, ModelMetadataStore } from "../protocol/metadata-api.ts";
import type { WatchedFolderEvent, WatchedFolders } from "../protocol/watched-folders-api.ts";
import type { CallPart } from "./call-part.ts";

type Progress = (progress: MetadataProgress) => void;
type Arguments<Part, K extends keyof Part> = Part[K] extends (...parameters: infer A) => unknown ? A : never;

export class MetadataClient implements ModelMetadataStore {
  readonly #call: CallPart<ModelMetadataStore>;
  #listener: ((event: MetadataEvent) => void) | undefined;

  constructor(call: CallPart<ModelMetadataStore>) {
    this.#call = call;
  }

  subscribe(listener: (event: MetadataEvent) => void): Promise<void> {
    this.#listener = listener;
    return this.resubscribe();
  }

  /** To be called when a new worker has started. */
  async resubscribe(): Promise<void> {
    const listener = this.#listener;
    if (listener) await this.#call((metadata) => metadata.subscribe(proxy(listener)));
  }

  get(id: string) {
    return this.#call((metadata) => metadata.get(id));
  }

  list() {
    return this.#call((metadata) => metadata.list());
  }

  update(...[id, change]: Arguments<ModelMetadataStore, "update">) {
    return this.#call((metadata) => metadata.update(id, change));
  }

  editHash(...[id, kind, value]: Arguments<ModelMetadataStore, "editHash">) {
    return this.#call((metadata) => metadata.editHash(id, kind, value));
  }

  preview(id: string) {
    return this.#call((metadata) => metadata.preview(id));
  }

  setPreview(id: string, picture: Blob | null) {
    return this.#call((metadata) => metadata.setPreview(id, picture));
  }

  fetchOne(id: string, address?: string) {
    return this.#call((metadata) => metadata.fetchOne(id, address));
  }

  fetchMissing(onProgress: Progress) {
    return this.#call((metadata) => metadata.fetchMissing(proxy(onProgress)));
  }

  checkUpdates(onProgress: Progress) {
    return this.#call((metadata) => metadata.checkUpdates(proxy(onProgress)));
  }

  stop() {
    return this.#call((metadata) => metadata.stop());
  }

  duplicates() {
    return this.#call((metadata) => metadata.duplicates());
  }

  exportSidecar(...[id, format]: Arguments<ModelMetadataStore, "exportSidecar">) {
    return this.#call((metadata) => metadata.exportSidecar(id, format));
  }

  exportAll() {
    return this.#call((metadata) => metadata.exportAll());
  }

  planImport(...[files, rule]: Arguments<ModelMetadataStore, "planImport">) {
    return this.#call((metadata) => metadata.planImport(files, rule));
  }

  applyImport(planId: string) {
    return this.#call((metadata) => metadata.applyImport(planId));
  }
}

export class CatalogClient implements CivitaiCatalog {
  readonly #call: CallPart<CivitaiCatalog>;

  constructor(call: CallPart<CivitaiCatalog>) {
    this.#call = call;
  }

  settings() {
    return this.#call((civitai) => civitai.settings());
  }

  configure(...[change]: Arguments<CivitaiCatalog, "configure">) {
    return this.#call((civitai) => civitai.configure(change));
  }

  search(...[query]: Arguments<CivitaiCatalog, "search">) {
    return this.#call((civitai) => civitai.search(query));
  }

  model(modelId: number) {
    return this.#call((civitai) => civitai.model(modelId));
  }

  version(versionId: number) {
    return this.#call((civitai) => civitai.version(versionId));
  }

  versionByHash(hash: string) {
    return this.#call((civitai) => civitai.versionByHash(hash));
  }

  versionsByHash(sha256: readonly string[]) {
    return this.#call((civitai) => civitai.versionsByHash(sha256));
  }

  idsByHash(sha256: readonly string[]) {
    return this.#call((civitai) => civitai.idsByHash(sha256));
  }

  images(...[query]: Arguments<CivitaiCatalog, "images">) {
    return this.#call((civitai) => civitai.images(query));
  }

  resolve(address: string) {
    return this.#call((civitai) => civitai.resolve(address));
  }

  clearCache() {
    return this.#call((civitai) => civitai.clearCache());
  }
}

export class WatchedFoldersClient implements WatchedFolders {
  readonly #call: CallPart<WatchedFolders>;
  #listener: ((event: WatchedFolderEvent) => void) | undefined;

  constructor(call: CallPart<WatchedFolders>) {
    this.#call = call;
  }

  subscribe(listener: (event: WatchedFolderEvent) => void): Promise<void> {
    this.#listener = listener;
    return this.resubscribe();
  }

  /** To be called when a new worker has started. */
  async resubscribe(): Promise<void> {
    const listener = this.#listener;
    if (listener) await this.#call((folders) => folders.subscribe(proxy(listener)));
  }

  list() {
    return this.#call((folders) => folders.list());
  }

  add(handle: FileSystemDirectoryHandle) {
    return this.#call((folders) => folders.add(handle));
  }

  remove(id: string) {
    return this.#call((folders) => folders.remove(id));
  }

  rescan(id: string) {
    return this.#call((folders) => folders.rescan(id));
  }
}
