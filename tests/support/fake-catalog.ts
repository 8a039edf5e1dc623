// Civitai's catalogue for tests of the page: models in memory, and a count of what would have left the device.

import type { AppError } from "../../src/protocol/app-error.ts";
import type {
  CivitaiAnswer,
  CivitaiCatalog,
  CivitaiModel,
  CivitaiPage,
  CivitaiQuery,
  CivitaiSettings,
  CivitaiSettingsChange,
} from "../../src/protocol/civitai-api.ts";

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
