// Metadata of models for tests of the page: a plain map in memory, steered by the test.

import { blankMetadata } from "../../src/library/metadata/metadata-record.ts";
import { AppError } from "../../src/protocol/app-error.ts";
import type { ModelRecord } from "../../src/protocol/library-api.ts";
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

/** What a file alone tells, in a library where nothing else is said of it. */
export function plainMetadata(record: ModelRecord): ModelMetadata {
  return {
    ...blankMetadata(record),
    kind: record.type === "checkpoint" ? "SD" : null,
    trigger_words: [],
    description: "",
    last_updated: "2026-01-01T00:00:00.000Z",
    licence: "",
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
