// Metadata of all models: kept in the library's database, filled from files, sidecars, Civitai and people. Reads model
// files' headers only and downloads no models.

import { AppError, isAppError, serializeError } from "../../protocol/app-error.ts";
import type { CivitaiVersion } from "../../protocol/civitai-api.ts";
import type { ModelRecord } from "../../protocol/library-api.ts";
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
import type { ModelHashes } from "../../protocol/model-hashes.ts";
import type { CivitaiSettingsStore } from "../civitai/civitai-settings.ts";
import type { LibraryDatabase } from "../library-database.ts";
import { civitaiFacts, previewImage, smallImageUrl } from "./civitai-facts.ts";
import { findDuplicates } from "./duplicates.ts";
import type { FileFacts } from "./file-facts.ts";
import { hashFieldsOf, parseHash } from "./hash-kinds.ts";
import { type Found, lookUp, type LookupCatalog } from "./lookup.ts";
import { MetadataChanges } from "./metadata-changes.ts";
import { exportFile, planMerges, type ReadImport, readImport } from "./metadata-import.ts";
import { applyEdit, applyFacts, blankMetadata, isSame, withFile } from "./metadata-record.ts";
import { type Previews, reEncode } from "./previews.ts";
import { baseName, findPreview, writeSidecar } from "./sidecars/sidecar-files.ts";

export interface MetadataContext {
  readonly database: LibraryDatabase;
  readonly previews: Previews;
  readonly catalog: LookupCatalog;
  readonly settings: CivitaiSettingsStore;
  listModels(): Promise<readonly ModelRecord[]>;
  /** What the model's file says of itself. */
  readFile(record: ModelRecord): Promise<FileFacts>;
  /** Hashes beyond SHA-256, where they are known or can be computed. */
  hashesOf(id: string): Promise<ModelHashes | undefined>;
}

interface Plan {
  readonly read: ReadImport;
  readonly rule: MergeRule;
  readonly previews: ReadonlyMap<string, File>;
}

type Change = (current: ModelMetadata) => ModelMetadata;

// Must change a record only in one transaction with reading it: edits of other tabs must not be lost.
// Must not ask Civitai by itself unless the user allowed it.
export class LocalMetadata implements ModelMetadataStore {
  readonly #context: MetadataContext;
  readonly #changes = new MetadataChanges();
  readonly #plans = new Map<string, Plan>();
  #stopping: AbortController | undefined;
  /** One automatic run at a time; models that arrive during it are found by the next. */
  #discovery: Promise<void> = Promise.resolve();

  constructor(context: MetadataContext) {
    this.#context = context;
  }

  subscribe(listener: (event: MetadataEvent) => void): Promise<void> {
    this.#changes.subscribe(listener);
    return Promise.resolve();
  }

  async get(id: string): Promise<ModelMetadata> {
    const record = await this.#record(id);
    const stored = await this.#context.database.get("metadata", id);
    return stored ? withFile(stored, record) : blankMetadata(record);
  }

  async list(): Promise<readonly ModelMetadata[]> {
    const records = await this.#context.listModels();
    const stored = new Map(
      (await this.#context.database.getAll("metadata")).map((metadata) => [metadata.id, metadata]),
    );
    return records.map((record) => {
      const known = stored.get(record.id);
      return known ? withFile(known, record) : blankMetadata(record);
    });
  }

  async update(id: string, change: Partial<EditableMetadata>): Promise<ModelMetadata> {
    return await this.#change(await this.#record(id), (current) => applyEdit(current, change));
  }

  async editHash(id: string, kind: HashKind, value: string): Promise<ModelMetadata> {
    const record = await this.#record(id);
    if (value.trim() === "") {
      const { hash, hash_type } = hashFieldsOf(record.sha256);
      return await this.#change(record, (current) => ({
        ...current,
        ...{ hash, hash_type },
        edited: current.edited.filter((field) => field !== "hash"),
      }));
    }
    const fields = parseHash(kind, value);
    return await this.#change(record, (current) => ({
      ...current,
      ...fields,
      edited: [...new Set([...current.edited, "hash" as const])],
    }));
  }

  preview(id: string): Promise<Blob | undefined> {
    return this.#context.previews.get(id);
  }

  async setPreview(id: string, picture: Blob | null): Promise<ModelMetadata> {
    const record = await this.#record(id);
    const path = picture && (await this.#context.previews.put(id, picture));
    if (!picture) await this.#context.previews.remove(id);
    return await this.#change(record, (current) => ({
      ...current,
      preview_path: path,
      preview_nsfw_level: 0,
      edited: [...new Set([...current.edited, "preview_path" as const])],
    }));
  }

  async fetchOne(id: string, address?: string): Promise<ModelMetadata> {
    const record = await this.#record(id);
    const current = await this.get(id);
    try {
      const hashes = address === undefined ? await this.#context.hashesOf(id) : undefined;
      return await this.#store(record, await lookUp(this.#context.catalog, current, { address, hashes }));
    } catch (error) {
      await this.#change(record, (now) => (now.lookup === "found" ? now : { ...now, lookup: "failed" }));
      throw error;
    }
  }

  async fetchMissing(onProgress: (progress: MetadataProgress) => void): Promise<MetadataSummary> {
    // Civitai does not know what comes with the app.
    const own = (await this.#context.listModels()).filter(({ origin }) => origin !== "embedded");
    const ids = new Set(own.map(({ id }) => id));
    const missing = (await this.list()).filter(({ id, lookup }) => ids.has(id) && lookup !== "found");
    // One question for a hundred files; what it does not know is asked for by the weaker kinds.
    const known = await this.#versionsOf(missing);
    // Those first: the others wait for their turns at the service, which may take minutes.
    const isKnown = ({ hash_sha256 }: ModelMetadata): number => Number(hash_sha256 in known);
    const ordered = missing.toSorted((a, b) => isKnown(b) - isKnown(a));
    return await this.#each(ordered, onProgress, async (metadata) => {
      const version = known[metadata.hash_sha256];
      if (!version) return (await this.fetchOne(metadata.id)).lookup === "found";
      const model = await this.#context.catalog.model(version.modelId).catch(() => undefined);
      await this.#store(await this.#record(metadata.id), { version, model: model?.value });
      return true;
    });
  }

  async checkUpdates(onProgress: (progress: MetadataProgress) => void): Promise<MetadataSummary> {
    const linked = (await this.list()).filter(({ civitai_model_id }) => civitai_model_id !== null);
    return await this.#each(linked, onProgress, async ({ id, civitai_model_id, civitai_version_id }) => {
      const { versions } = (await this.#context.catalog.model(civitai_model_id!)).value;
      const ours = versions.find((version) => version.id === civitai_version_id);
      // Versions for other base models stand in the same list; only one for the same base is an update.
      const before = versions.slice(0, ours ? versions.indexOf(ours) : 1);
      const newer = before.find(({ baseModel }) => !ours || baseModel === ours.baseModel);
      await this.#change(await this.#record(id), (current) => ({
        ...current,
        newer_version_id: newer?.id ?? null,
        newer_version_name: newer?.name ?? "",
      }));
      return newer !== undefined;
    });
  }

  stop(): Promise<void> {
    this.#stopping?.abort();
    return Promise.resolve();
  }

  async duplicates(): Promise<readonly DuplicateGroup[]> {
    return findDuplicates(await this.list());
  }

  async exportSidecar(id: string, format: SidecarFormat): Promise<readonly File[]> {
    const metadata = await this.get(id);
    const preview = await this.preview(id);
    const sidecar = writeSidecar(metadata, format);
    if (!preview) return [sidecar];
    const png = await reEncode(preview, id, "image/png");
    return [sidecar, new File([png], `${baseName(metadata.file_name)}.preview.png`, { type: "image/png" })];
  }

  async exportAll(): Promise<File> {
    const here = await this.list();
    const ids = new Set(here.map(({ id }) => id));
    const remembered = (await this.#context.database.getAll("metadata")).filter(({ id }) => !ids.has(id));
    return exportFile([...here, ...remembered], new Date());
  }

  async planImport(files: readonly File[], rule: MergeRule): Promise<MergePlan> {
    const read = await readImport(files);
    const planId = crypto.randomUUID();
    const { merges, rejected } = await this.#merges(read, rule);
    const previews = new Map(
      merges.flatMap(({ entry }) => {
        const picture = findPreview(baseName(entry.fileName), files);
        return picture ? [[entry.id, picture] as const] : [];
      }),
    );
    const pictures = [...previews.values()].map(({ name }) => name);
    this.#plans.set(planId, { read, rule, previews });
    return {
      planId,
      rule,
      entries: merges.map(({ entry }) => entry),
      rejected: rejected.filter(({ where }) => !pictures.includes(where)),
    };
  }

  async applyImport(planId: string): Promise<readonly string[]> {
    const plan = this.#plans.get(planId);
    if (!plan) {
      throw new AppError("InvalidRequest", "This import was applied already. Choose the files again.", {
        where: "import",
        expected: "a plan that waits",
        got: planId,
      });
    }
    this.#plans.delete(planId);
    // Planned anew, because metadata may have changed since the plan was shown.
    const { merges } = await this.#merges(plan.read, plan.rule);
    const transaction = this.#context.database.transaction("metadata", "readwrite");
    const last_updated = new Date().toISOString();
    await Promise.all([
      ...merges.map(({ metadata }) => transaction.store.put({ ...metadata, last_updated })),
      transaction.done,
    ]);
    for (const [id, picture] of plan.previews) await this.#keepPreview(id, picture);
    const ids = merges.map(({ entry }) => entry.id);
    this.#changes.announce(ids);
    return ids;
  }

  /**
   * Describes models that have no metadata yet: from their files at once, from Civitai where the user allowed it. Call at
   * start and whenever models were added; resolves when there is nothing left to do.
   */
  discover(): Promise<void> {
    this.#discovery = this.#discovery.catch(() => undefined).then(() => this.#discoverNew());
    return this.#discovery;
  }

  /** Takes what is missing from sidecars and the picture that stood beside the model's file under the name `base`. */
  async addSidecars(id: string, base: string, files: readonly File[]): Promise<void> {
    const { descriptions } = await readImport(files);
    const record = await this.#record(id);
    for (const { described } of descriptions) {
      await this.#change(record, (current) => applyFacts(current, described.facts, "fill"));
    }
    const picture = findPreview(base, files);
    if (picture) await this.#keepPreview(id, picture);
  }

  dispose(): void {
    this.#stopping?.abort();
    this.#changes.dispose();
  }

  async #discoverNew(): Promise<void> {
    const { database, listModels, settings } = this.#context;
    const known = new Set(await database.getAllKeys("metadata"));
    const fresh = (await listModels.call(this.#context)).filter(
      ({ id, origin }) => origin !== "embedded" && !known.has(id),
    );
    for (const record of fresh) await this.#describeFromFile(record);
    const { lookup } = await settings.get();
    if (lookup === "unasked" && fresh.length > 0) this.#changes.tell({ type: "ask-permission" });
    if (lookup !== "allowed") return;
    for (const { id, name, lookup: state, hash_sha256 } of await this.list()) {
      if (state !== "never" || !hash_sha256 || !fresh.some((record) => record.id === id)) continue;
      this.#changes.tell({ type: "looking-up", id, name });
      try {
        await this.fetchOne(id);
      } catch (error) {
        this.#changes.tell({ type: "failed", id, error: serializeError(error) });
        // Without a connection the next ones would fail the same way.
        if (isAppError(error, "Network")) return;
      }
    }
  }

  async #describeFromFile(record: ModelRecord): Promise<void> {
    const { facts, thumbnail } = await this.#context.readFile(record).catch((): FileFacts => ({ facts: {} }));
    await this.#change(record, (current) => applyFacts(current, facts, "fill"));
    if (thumbnail) await this.#keepPreview(record.id, thumbnail);
  }

  async #versionsOf(missing: readonly ModelMetadata[]): Promise<Readonly<Record<string, CivitaiVersion>>> {
    const digests = missing.map(({ hash_sha256 }) => hash_sha256).filter(Boolean);
    try {
      return (await this.#context.catalog.versionsByHash(digests)).value;
    } catch {
      // Some networks break the preflight that this question needs; one by one still works then.
      return {};
    }
  }

  async #each(
    models: readonly ModelMetadata[],
    onProgress: (progress: MetadataProgress) => void,
    work: (metadata: ModelMetadata) => Promise<boolean>,
  ): Promise<MetadataSummary> {
    const { signal } = (this.#stopping = new AbortController());
    const [found, unknown]: [string[], string[]] = [[], []];
    const failed: { id: string; error: ReturnType<typeof serializeError> }[] = [];
    for (const [done, metadata] of models.entries()) {
      if (signal.aborted) break;
      onProgress({ done, total: models.length, name: metadata.name });
      try {
        ((await work(metadata)) ? found : unknown).push(metadata.id);
      } catch (error) {
        failed.push({ id: metadata.id, error: serializeError(error) });
        if (isAppError(error, "Network")) break;
      }
    }
    const done = found.length + unknown.length + failed.length;
    onProgress({ done, total: models.length, name: "" });
    return { found, unknown, failed, stopped: signal.aborted };
  }

  async #store(record: ModelRecord, found: Found | undefined): Promise<ModelMetadata> {
    if (!found) {
      return await this.#change(record, (now) =>
        now.lookup === "found" ? now : { ...now, lookup: "unknown" },
      );
    }
    const { host } = await this.#context.settings.get();
    const facts = civitaiFacts(found.version, { host, model: found.model });
    const stored = await this.#change(record, (current) => applyFacts(current, facts, "overwrite"));
    const image = previewImage(found.version);
    const wanted = image && !stored.edited.includes("preview_path");
    const picture = wanted ? await fetchPicture(smallImageUrl(image.url)) : undefined;
    if (!picture) return stored;
    await this.#keepPreview(record.id, picture, image!.nsfwLevel);
    return await this.get(record.id);
  }

  /** A picture that cannot be decoded or stored costs the picture only. */
  async #keepPreview(id: string, picture: Blob, nsfwLevel = 0): Promise<void> {
    const path = await this.#context.previews.put(id, picture).catch(() => undefined);
    const record = (await this.#context.listModels()).find((candidate) => candidate.id === id);
    if (path === undefined || !record) return;
    await this.#change(record, (current) => ({
      ...current,
      preview_path: path,
      preview_nsfw_level: nsfwLevel,
    }));
  }

  async #merges(read: ReadImport, rule: MergeRule): Promise<ReturnType<typeof planMerges>> {
    const stored = await this.#context.database.getAll("metadata");
    const remembered = new Map(stored.map((metadata) => [metadata.id, metadata]));
    return planMerges(read, await this.list(), remembered, rule);
  }

  async #change(record: ModelRecord, change: Change): Promise<ModelMetadata> {
    const { store, done } = this.#context.database.transaction("metadata", "readwrite");
    const stored = await store.get(record.id);
    const current = stored ? withFile(stored, record) : blankMetadata(record);
    const changed = change(current);
    const same = stored !== undefined && isSame(changed, stored);
    const next = same ? stored : { ...changed, last_updated: new Date().toISOString() };
    if (!same) await store.put(next);
    await done;
    if (!same) this.#changes.announce([record.id]);
    return next;
  }

  async #record(id: string): Promise<ModelRecord> {
    const record = (await this.#context.listModels()).find((candidate) => candidate.id === id);
    if (record) return record;
    throw new AppError("ModelNotFound", `There is no model "${id}" on this device.`, {
      where: id,
      expected: "a model of the library",
      got: "no record",
    });
  }
}

/** A picture host that pages may not read from costs the preview, not the lookup. */
async function fetchPicture(url: string): Promise<Blob | undefined> {
  try {
    const response = await fetch(url, { credentials: "omit", referrerPolicy: "no-referrer" });
    return response.ok ? await response.blob() : undefined;
  } catch {
    return undefined;
  }
}
