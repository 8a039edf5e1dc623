// What is known about each model, kept in step with the library's worker, and the actions on it. Draws nothing.

import { serializeError, type SerializedError } from "../../protocol/app-error.ts";
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
  SidecarFormat,
} from "../../protocol/metadata-api.ts";
import { Observable } from "./observable.ts";

export type MetadataTask = "fetch" | "updates";

export interface MetadataState {
  readonly byId: ReadonlyMap<string, ModelMetadata>;
  /** A run over the whole library. */
  readonly working?: { readonly task: MetadataTask; readonly progress?: MetadataProgress };
  /** Ids of models that are being looked up one by one. */
  readonly lookingUp: readonly string[];
  /** New models are here, and the user was never asked whether they may be looked up. */
  readonly asksPermission: boolean;
  readonly error?: SerializedError;
}

// A batch announces each model; the page redraws a few times a second, not a thousand.
const COLLECT_MS = 200;
// From here on one list is cheaper than many single reads.
const MANY = 20;

export class MetadataController {
  readonly state = new Observable<MetadataState>({ byId: new Map(), lookingUp: [], asksPermission: false });
  readonly #store: ModelMetadataStore;
  readonly #ready: Promise<void>;
  readonly #changed = new Set<string>();

  /** `ready` resolves when the library has started. */
  constructor(store: ModelMetadataStore, ready: Promise<void>) {
    this.#store = store;
    this.#ready = ready;
  }

  /** Reads everything and follows changes from here on. */
  async load(): Promise<void> {
    await this.#attempt(async () => {
      await this.#ready;
      await this.#store.subscribe((event) => this.#receive(event));
      await this.#readAll();
    });
  }

  /** A model came or went. */
  async refresh(): Promise<void> {
    await this.#attempt(() => this.#readAll());
  }

  async update(id: string, change: Partial<EditableMetadata>): Promise<void> {
    await this.#attempt(async () => this.#put(await this.#store.update(id, change)));
  }

  /** Rejects with the sentence for the field beside it. */
  async editHash(id: string, kind: HashKind, value: string): Promise<void> {
    this.#put(await this.#store.editHash(id, kind, value));
  }

  async setPreview(id: string, picture: Blob | null): Promise<void> {
    await this.#attempt(async () => this.#put(await this.#store.setPreview(id, picture)));
  }

  preview(id: string): Promise<Blob | undefined> {
    return this.#store.preview(id);
  }

  async fetchOne(id: string, address?: string): Promise<boolean> {
    this.state.patch({ lookingUp: [...this.state.value.lookingUp, id] });
    try {
      return await this.#attempt(async () => this.#put(await this.#store.fetchOne(id, address)));
    } finally {
      this.state.patch({ lookingUp: this.state.value.lookingUp.filter((other) => other !== id) });
    }
  }

  /** Undefined when it failed as a whole; the reason is in the state. */
  async run(task: MetadataTask): Promise<MetadataSummary | undefined> {
    if (this.state.value.working) return undefined;
    const follow = (progress: MetadataProgress): void => this.state.patch({ working: { task, progress } });
    let summary: MetadataSummary | undefined;
    this.state.patch({ working: { task } });
    await this.#attempt(async () => {
      summary =
        task === "fetch" ? await this.#store.fetchMissing(follow) : await this.#store.checkUpdates(follow);
    });
    this.state.patch({ working: undefined });
    return summary;
  }

  stop(): Promise<void> {
    return this.#store.stop();
  }

  duplicates(): Promise<readonly DuplicateGroup[]> {
    return this.#store.duplicates();
  }

  exportSidecar(id: string, format: SidecarFormat): Promise<readonly File[]> {
    return this.#store.exportSidecar(id, format);
  }

  exportAll(): Promise<File> {
    return this.#store.exportAll();
  }

  planImport(files: readonly File[], rule: MergeRule): Promise<MergePlan> {
    return this.#store.planImport(files, rule);
  }

  async applyImport(planId: string): Promise<number> {
    const changed = await this.#store.applyImport(planId);
    await this.#readAll();
    return changed.length;
  }

  permissionAnswered(): void {
    this.state.patch({ asksPermission: false });
  }

  dismissError(): void {
    this.state.patch({ error: undefined });
  }

  #receive(event: MetadataEvent): void {
    switch (event.type) {
      case "changed":
        this.#collect(event.ids);
        break;
      case "looking-up":
        break; // the change that follows tells what came of it
      case "ask-permission":
        this.state.patch({ asksPermission: true });
        break;
      case "failed":
        this.state.patch({ error: event.error });
        break;
      default:
        event satisfies never;
    }
  }

  #collect(ids: readonly string[]): void {
    const waiting = this.#changed.size > 0;
    for (const id of ids) this.#changed.add(id);
    if (waiting) return;
    setTimeout(() => {
      const changed = [...this.#changed];
      this.#changed.clear();
      void this.#attempt(() => this.#read(changed));
    }, COLLECT_MS);
  }

  async #read(ids: readonly string[]): Promise<void> {
    if (ids.length > MANY) return this.#readAll();
    const read = await Promise.allSettled(ids.map((id) => this.#store.get(id)));
    const byId = new Map(this.state.value.byId);
    read.forEach((result, i) => {
      // One that is gone was removed meanwhile.
      if (result.status === "fulfilled") byId.set(ids[i], result.value);
      else byId.delete(ids[i]);
    });
    this.state.patch({ byId });
  }

  async #readAll(): Promise<void> {
    const all = await this.#store.list();
    this.state.patch({ byId: new Map(all.map((metadata) => [metadata.id, metadata])) });
  }

  #put(metadata: ModelMetadata): void {
    this.state.patch({ byId: new Map(this.state.value.byId).set(metadata.id, metadata) });
  }

  async #attempt(work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      this.state.patch({ error: serializeError(error) });
      return false;
    }
  }
}
