// Downloads, metadata, catalogue, storage, hashes and watched folders for tests of the page: plain objects in memory, steered by the test.

import { AppError } from "../../src/protocol/app-error.ts";
import type {
  CivitaiAnswer,
  CivitaiCatalog,
  CivitaiModel,
  CivitaiPage,
  CivitaiQuery,
  CivitaiSettings,
  CivitaiSettingsChange,
} from "../../src/protocol/civitai-api.ts";
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
import type { ModelRecord } from "../../src/protocol/library-api.ts";
import type { LinkedFile, LinkedFiles, LinkedFileState } from "../../src/protocol/linked-files.ts";
import type {
  CheckProgress,
  FileProblem,
  LibraryStorage,
  StorageUse,
} from "../../src/protocol/library-storage.ts";
import type {
  DuplicateGroup,
  EditableMetadata,
  HashKind,
  MergePlan,
  MergeRule,
  MetadataEvent,
  MetadataProgress,
  MetadataSummary,
  ModelMetadata,
  ModelMetadataStore,
} from "../../src/protocol/metadata-api.ts";
import type { ModelHashes, ModelHashing } from "../../src/protocol/model-hashes.ts";
import type {
  WatchedFolder,
  WatchedFolderEvent,
  WatchedFolders,
} from "../../src/protocol/watched-folders-api.ts";

/** What a file alone tells. */
export function plainMetadata(record: ModelRecord): ModelMetadata {
  const short = record.sha256.slice(0, 10).toUpperCase();
  return {
    id: record.id,
    name: record.name,
    file_name: record.fileName,
    kind: record.type === "checkpoint" ? "SD" : null,
    family: record.family,
    dtype: record.dtype,
    bytes: record.bytes,
    hash: `AUTOV2: ${short}`,
    hash_type: "AUTOV2",
    hash_autov2: short,
    hash_sha256: record.sha256,
    civitai_model_id: null,
    civitai_version_id: null,
    civitai_name: "",
    civitai_type: "",
    base_model: "",
    preview_path: null,
    trigger_words: [],
    description: "",
    last_updated: "2026-01-01T00:00:00.000Z",
    notes: "",
    tags: [],
    favourite: false,
    source: "",
    licence: "",
    usage_tips: {},
    preferred_strength: null,
    preview_nsfw_level: 0,
    lookup: "never",
    newer_version_id: null,
    newer_version_name: "",
    edited: [],
  };
}

export class FakeMetadata implements ModelMetadataStore {
  readonly known = new Map<string, Partial<ModelMetadata>>();
  readonly previews = new Map<string, Blob>();
  readonly fetched: { readonly id: string; readonly address: string | undefined }[] = [];
  plan?: MergePlan;
  groups: readonly DuplicateGroup[] = [];
  readonly #models: () => readonly ModelRecord[];
  #listener: (event: MetadataEvent) => void = () => undefined;
  #clock = 0;

  constructor(models: () => readonly ModelRecord[]) {
    this.#models = models;
  }

  emit(event: MetadataEvent): void {
    this.#listener(event);
  }

  #of(record: ModelRecord): ModelMetadata {
    return { ...plainMetadata(record), ...this.known.get(record.id) };
  }

  #put(id: string, change: Partial<ModelMetadata>): Promise<ModelMetadata> {
    const last_updated = new Date(Date.UTC(2026, 1, 1, 0, 0, ++this.#clock)).toISOString();
    this.known.set(id, { ...this.known.get(id), ...change, last_updated });
    return this.get(id);
  }

  subscribe(listener: (event: MetadataEvent) => void): Promise<void> {
    this.#listener = listener;
    return Promise.resolve();
  }

  get(id: string): Promise<ModelMetadata> {
    const record = this.#models().find((model) => model.id === id);
    if (!record) return Promise.reject(new AppError("ModelNotFound", `There is no model "${id}".`));
    return Promise.resolve(this.#of(record));
  }

  list(): Promise<readonly ModelMetadata[]> {
    return Promise.resolve(this.#models().map((record) => this.#of(record)));
  }

  update(id: string, change: Partial<EditableMetadata>): Promise<ModelMetadata> {
    return this.#put(id, change);
  }

  editHash(id: string, kind: HashKind, value: string): Promise<ModelMetadata> {
    if (kind === "AUTOV2" && !/^[0-9a-f]{10}$/i.test(value)) {
      return Promise.reject(new AppError("InvalidRequest", "An AutoV2 hash has 10 hex digits."));
    }
    return this.#put(id, { hash: `${kind}: ${value}`, hash_type: kind });
  }

  preview(id: string): Promise<Blob | undefined> {
    return Promise.resolve(this.previews.get(id));
  }

  setPreview(id: string, picture: Blob | null): Promise<ModelMetadata> {
    if (picture) this.previews.set(id, picture);
    else this.previews.delete(id);
    return this.#put(id, { preview_path: picture ? `.previews/${id}` : null });
  }

  fetchOne(id: string, address?: string): Promise<ModelMetadata> {
    this.fetched.push({ id, address });
    return this.#put(id, { lookup: "found", civitai_model_id: 123456, base_model: "SD 1.5" });
  }

  fetchMissing(onProgress: (progress: MetadataProgress) => void): Promise<MetadataSummary> {
    const found = this.#models().map(({ id }) => id);
    onProgress({ done: 1, total: found.length, name: found[0] });
    return Promise.resolve({ found, unknown: [], failed: [], stopped: false });
  }

  checkUpdates(): Promise<MetadataSummary> {
    return Promise.resolve({ found: [], unknown: [], failed: [], stopped: false });
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }

  duplicates(): Promise<readonly DuplicateGroup[]> {
    return Promise.resolve(this.groups);
  }

  exportSidecar(id: string): Promise<readonly File[]> {
    return Promise.resolve([new File(["{}"], `${id}.metadata.json`)]);
  }

  exportAll(): Promise<File> {
    return Promise.resolve(new File(["{}"], "kiln-metadata.json"));
  }

  planImport(_: readonly File[], rule: MergeRule): Promise<MergePlan> {
    const empty = { planId: "plan", rule, entries: [], rejected: [] };
    return Promise.resolve(this.plan ? { ...this.plan, rule } : empty);
  }

  applyImport(): Promise<readonly string[]> {
    return Promise.resolve(this.plan?.entries.map(({ id }) => id) ?? []);
  }
}

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

export class FakeCatalog implements CivitaiCatalog {
  models: readonly CivitaiModel[] = [];
  readonly queries: CivitaiQuery[] = [];
  /** Every call that would have left the device. */
  requests = 0;
  failWith?: AppError;
  current: CivitaiSettings = { host: "civitai.com", lookup: "unasked", hasToken: false };
  pageSize = 40;

  #answer<T>(value: T): Promise<CivitaiAnswer<T>> {
    this.requests++;
    if (this.failWith) return Promise.reject(this.failWith);
    return Promise.resolve({ value, fetchedAt: 0, stale: false, problems: [] });
  }

  settings(): Promise<CivitaiSettings> {
    return Promise.resolve(this.current);
  }

  configure(change: CivitaiSettingsChange): Promise<CivitaiSettings> {
    this.current = { ...this.current, ...change };
    return Promise.resolve(this.current);
  }

  search(query: CivitaiQuery): Promise<CivitaiAnswer<CivitaiPage>> {
    this.queries.push(query);
    const from = Number(query.cursor ?? 0);
    const text = (query.text ?? "").toLowerCase();
    const found = this.models.filter(({ name }) => name.toLowerCase().includes(text));
    const next = from + this.pageSize;
    return this.#answer({
      models: found.slice(from, next),
      nextCursor: next < found.length ? String(next) : undefined,
    });
  }

  model(modelId: number): ReturnType<CivitaiCatalog["model"]> {
    return this.#answer(this.models.find(({ id }) => id === modelId)!);
  }

  version(versionId: number): ReturnType<CivitaiCatalog["version"]> {
    return this.#answer(this.models.flatMap(({ versions }) => versions).find(({ id }) => id === versionId)!);
  }

  versionByHash(): ReturnType<CivitaiCatalog["versionByHash"]> {
    return this.#answer(null);
  }

  versionsByHash(): ReturnType<CivitaiCatalog["versionsByHash"]> {
    return this.#answer({});
  }

  idsByHash(): ReturnType<CivitaiCatalog["idsByHash"]> {
    return this.#answer({});
  }

  images(): ReturnType<CivitaiCatalog["images"]> {
    return this.#answer({ images: [] });
  }

  resolve(address: string): ReturnType<CivitaiCatalog["resolve"]> {
    const id = Number(/models\/(\d+)/.exec(address)?.[1]);
    const model = this.models.find((candidate) => candidate.id === id)!;
    return this.#answer({ model, version: model.versions[0] });
  }

  clearCache(): Promise<void> {
    return Promise.resolve();
  }
}

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
