// Asks Civitai for models, versions and pictures: rate limited, checked, cached, the last good answer when it is away.
// Downloads no files and changes no metadata.

import { AppError, isAppError, serializeError } from "../../protocol/app-error.ts";
import { parseCivitaiAddress } from "../../protocol/civitai-address.ts";
import type {
  CivitaiAnswer,
  CivitaiCatalog,
  CivitaiImagePage,
  CivitaiImageQuery,
  CivitaiModel,
  CivitaiPage,
  CivitaiPick,
  CivitaiQuery,
  CivitaiSettings,
  CivitaiSettingsChange,
  CivitaiVersion,
} from "../../protocol/civitai-api.ts";
import { AnswerCache } from "./answer-cache.ts";
import {
  type AnswerOrigin,
  idListAnswer,
  imagePageAnswer,
  modelAnswer,
  modelPageAnswer,
  toImage,
  toModel,
  toVersion,
  versionAnswer,
  versionListAnswer,
} from "./answers.ts";
import { civitaiFailure } from "./civitai-failures.ts";
import { askCivitai, type CivitaiConnection, type CivitaiQuestion } from "./civitai-request.ts";
import type { CivitaiSettingsStore } from "./civitai-settings.ts";
import { imagePath, searchPath } from "./query-paths.ts";
import { type Clock, RateLimiter, type RateLimits, systemClock } from "./rate-limit.ts";
import { Mismatch, readAnswer, type Reader } from "./schema.ts";

const MINUTE_MS = 60_000;
const SEARCH_FRESH_MS = 5 * MINUTE_MS;
const MODEL_FRESH_MS = 60 * MINUTE_MS;

// The service's published limits, and about one request a second within them.
const ANONYMOUS_LIMITS: RateLimits = { perMinute: 10, spacingMs: 1_000, burst: 3 };
const KEYED_LIMITS: RateLimits = { perMinute: 60, spacingMs: 1_000, burst: 5 };

// The batches' own limits.
const MAX_VERSION_BATCH = 100;
const MAX_ID_BATCH = 10_000;

const SHA256 = /^[0-9a-f]{64}$/i;
const ANY_HASH = /^[0-9a-f]{8,64}$/i;

export interface CivitaiClientOptions {
  readonly settings: CivitaiSettingsStore;
  readonly cache?: AnswerCache;
  readonly clock?: Clock;
  readonly random?: () => number;
  readonly online?: () => boolean;
  readonly limits?: { readonly anonymous: RateLimits; readonly keyed: RateLimits };
}

interface Ask<A, T> {
  readonly question: CivitaiQuestion;
  readonly read: Reader<A>;
  readonly convert: (answer: A, origin: AnswerOrigin) => T;
  readonly freshMs: number;
  readonly signal?: AbortSignal;
}

/** Owns the cache and the limits. The last good answer is served, marked stale, when a new one cannot be had. */
export class CivitaiClient implements CivitaiCatalog {
  readonly #settings: CivitaiSettingsStore;
  readonly #cache: AnswerCache;
  readonly #fixed: Pick<CivitaiConnection, "clock" | "random" | "online" | "anonymous" | "keyed">;
  readonly #underWay = new Map<string, Promise<unknown>>();
  #search: AbortController | undefined;

  constructor(options: CivitaiClientOptions) {
    const { clock = systemClock, random = Math.random, limits } = options;
    this.#settings = options.settings;
    this.#cache = options.cache ?? new AnswerCache();
    this.#fixed = {
      clock,
      random,
      online: options.online ?? (() => navigator.onLine),
      anonymous: new RateLimiter(limits?.anonymous ?? ANONYMOUS_LIMITS, clock),
      keyed: new RateLimiter(limits?.keyed ?? KEYED_LIMITS, clock),
    };
  }

  settings(): Promise<CivitaiSettings> {
    return this.#settings.get();
  }

  configure(change: CivitaiSettingsChange): Promise<CivitaiSettings> {
    return this.#settings.change(change);
  }

  async search(query: CivitaiQuery): Promise<CivitaiAnswer<CivitaiPage>> {
    this.#search?.abort(interrupted());
    const { signal } = (this.#search = new AbortController());
    return await this.#ask({
      question: { path: searchPath(query) },
      read: modelPageAnswer,
      convert: ({ items, metadata }, origin) => ({
        models: items.map((model) => toModel(model, origin)),
        nextCursor: metadata?.nextCursor?.toString(),
      }),
      freshMs: SEARCH_FRESH_MS,
      signal,
    });
  }

  async model(modelId: number): Promise<CivitaiAnswer<CivitaiModel>> {
    const path = `/api/v1/models/${requireId(modelId)}`;
    return await this.#ask({
      question: { path },
      read: modelAnswer,
      convert: toModel,
      freshMs: MODEL_FRESH_MS,
    });
  }

  async version(versionId: number): Promise<CivitaiAnswer<CivitaiVersion>> {
    const path = `/api/v1/model-versions/${requireId(versionId)}`;
    return await this.#ask({
      question: { path },
      read: versionAnswer,
      convert: toVersion,
      freshMs: MODEL_FRESH_MS,
    });
  }

  /** `fresh` asks even when the answer is young: the user pressed a button. */
  async versionByHash(hash: string, fresh = false): Promise<CivitaiAnswer<CivitaiVersion | null>> {
    if (!ANY_HASH.test(hash)) throw invalid("A hash has 8 to 64 hexadecimal digits.", "a hash", hash);
    try {
      return await this.#ask({
        question: { path: `/api/v1/model-versions/by-hash/${hash.toUpperCase()}` },
        read: versionAnswer,
        convert: toVersion,
        freshMs: fresh ? 0 : MODEL_FRESH_MS,
      });
    } catch (error) {
      if (!isAppError(error, "ModelNotFound")) throw error;
      return { value: null, fetchedAt: Date.now(), stale: false, problems: [] };
    }
  }

  async versionsByHash(
    sha256: readonly string[],
  ): Promise<CivitaiAnswer<Readonly<Record<string, CivitaiVersion>>>> {
    const wanted = new Set(requireSha256(sha256));
    const answers = await this.#batches([...wanted], MAX_VERSION_BATCH, (body) =>
      this.#ask({
        question: { path: "/api/v1/model-versions/by-hash", body },
        read: versionListAnswer,
        convert: (versions, origin) => versions.map((version) => toVersion(version, origin)),
        freshMs: MODEL_FRESH_MS,
      }),
    );
    // The answer does not say which digest it is for; its files do.
    const found = answers.value.flatMap((version) =>
      version.files
        .map((file) => [file.hashes.SHA256, version] as const)
        .filter(([digest]) => wanted.has(digest)),
    );
    return { ...answers, value: Object.fromEntries(found) };
  }

  async idsByHash(
    sha256: readonly string[],
  ): Promise<
    CivitaiAnswer<Readonly<Record<string, { readonly modelId: number; readonly versionId: number }>>>
  > {
    const answers = await this.#batches(requireSha256(sha256), MAX_ID_BATCH, (body) =>
      this.#ask({
        question: { path: "/api/v1/model-versions/by-hash/ids", body },
        read: idListAnswer,
        convert: (rows) => rows,
        freshMs: SEARCH_FRESH_MS,
      }),
    );
    const found = answers.value.map(
      ({ hash, modelId, modelVersionId }) =>
        [hash.toLowerCase(), { modelId, versionId: modelVersionId }] as const,
    );
    return { ...answers, value: Object.fromEntries(found) };
  }

  async images(query: CivitaiImageQuery): Promise<CivitaiAnswer<CivitaiImagePage>> {
    return await this.#ask({
      question: { path: imagePath(query) },
      read: imagePageAnswer,
      convert: ({ items, metadata }, origin) => ({
        images: items.flatMap((image) => toImage(image, origin)),
        nextCursor: metadata?.nextCursor?.toString(),
      }),
      freshMs: SEARCH_FRESH_MS,
    });
  }

  async resolve(pasted: string): Promise<CivitaiAnswer<CivitaiPick>> {
    const address = parseCivitaiAddress(pasted);
    if (!address) {
      throw invalid(
        "This is not the address of a model at Civitai. Paste something like https://civitai.com/models/123456.",
        "an address of a model",
        pasted,
      );
    }
    const { modelId, versionId } = address;
    const known = versionId === undefined ? undefined : await this.version(versionId);
    const model = await this.model(known?.value.modelId ?? modelId!);
    const version =
      model.value.versions.find((candidate) => candidate.id === versionId) ??
      known?.value ??
      model.value.versions.at(0);
    if (!version) {
      throw new AppError("ModelNotFound", `${model.value.name} has no published version.`, {
        where: `model ${model.value.id}`,
        expected: "a version",
        got: "none",
      });
    }
    return { ...model, value: { model: model.value, version } };
  }

  async clearCache(): Promise<void> {
    await this.#cache.clear();
  }

  async dispose(): Promise<void> {
    this.#search?.abort(interrupted());
    await this.#cache.dispose();
  }

  async #batches<T>(
    digests: readonly string[],
    size: number,
    ask: (digests: readonly string[]) => Promise<CivitaiAnswer<readonly T[]>>,
  ): Promise<CivitaiAnswer<readonly T[]>> {
    let all: CivitaiAnswer<readonly T[]> = { value: [], fetchedAt: Date.now(), stale: false, problems: [] };
    for (let start = 0; start < digests.length; start += size) {
      const next = await ask(digests.slice(start, start + size));
      all = {
        value: [...all.value, ...next.value],
        fetchedAt: Math.min(all.fetchedAt, next.fetchedAt),
        stale: all.stale || next.stale,
        failure: all.failure ?? next.failure,
        problems: [...all.problems, ...next.problems],
      };
    }
    return all;
  }

  /** Two callers with the same question share one answer, unless one of them may be interrupted alone. */
  async #ask<A, T>(ask: Ask<A, T>): Promise<CivitaiAnswer<T>> {
    const base = await this.#settings.base();
    const key = cacheKey(base, ask.question);
    if (ask.signal) return await this.#answer(base, key, ask);
    const shared = this.#underWay.get(key) as Promise<CivitaiAnswer<T>> | undefined;
    if (shared) return await shared;
    const answer = this.#answer(base, key, ask).finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, answer);
    return await answer;
  }

  async #answer<A, T>(base: string, key: string, ask: Ask<A, T>): Promise<CivitaiAnswer<T>> {
    const { host, pathname } = new URL(ask.question.path, base);
    const where = host + pathname;
    const use = (json: unknown, fetchedAt: number): CivitaiAnswer<T> => {
      const { value, problems } = readAnswer(ask.read, json);
      return {
        value: ask.convert(value, { host, base, now: Date.now() }),
        fetchedAt,
        stale: false,
        problems,
      };
    };
    const cached = await this.#cache.get(key);
    if (cached && Date.now() - cached.fetchedAt < ask.freshMs) return use(cached.json, cached.fetchedAt);
    try {
      const token = await this.#settings.token();
      const connection = { host, base, token, ...this.#fixed };
      const json = await askCivitai(connection, ask.question, ask.signal);
      const answer = checked(() => use(json, Date.now()), host, where);
      await this.#cache.put([{ key, json, fetchedAt: answer.fetchedAt }]);
      return answer;
    } catch (error) {
      if (!cached || !isAppError(error, "Network", "FileFormat")) throw error;
      return { ...use(cached.json, cached.fetchedAt), stale: true, failure: serializeError(error) };
    }
  }
}

function checked<T>(use: () => T, host: string, where: string): T {
  try {
    return use();
  } catch (error) {
    if (!(error instanceof Mismatch)) throw error;
    const { problem } = error;
    throw civitaiFailure("not-understood", {
      host,
      where: `${where} ${problem.where}`.trim(),
      expected: problem.expected,
      got: problem.got,
    });
  }
}

function cacheKey(base: string, { path, body }: CivitaiQuestion): string {
  return body === undefined ? `GET ${base}${path}` : `POST ${base}${path} ${JSON.stringify(body)}`;
}

function requireId(id: number): number {
  if (Number.isSafeInteger(id) && id > 0) return id;
  throw invalid("A model or version is named by a whole number above 0.", "an id", String(id));
}

function requireSha256(digests: readonly string[]): readonly string[] {
  const wrong = digests.find((digest) => !SHA256.test(digest));
  if (wrong === undefined) return digests.map((digest) => digest.toLowerCase());
  throw invalid("A SHA-256 has 64 hexadecimal digits.", "a SHA-256", wrong);
}

function invalid(message: string, expected: string, got: string): AppError {
  return new AppError("InvalidRequest", message, { where: "Civitai", expected, got: got.slice(0, 80) });
}

function interrupted(): AppError {
  return new AppError("Interrupted", "A newer search took its place.", { where: "Civitai" });
}
