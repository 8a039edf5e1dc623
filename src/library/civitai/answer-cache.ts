// Civitai's answers on disk, as they came, with their age. A database of its own, because all of it may be thrown away.

import { type DBSchema, type IDBPDatabase, openDB } from "idb";

const MAX_ANSWERS = 3_000;
// Pruning reads an index; once per so many writes is enough.
const PRUNE_EVERY = 100;

export interface CachedAnswer {
  /** Host, method and path; never a token. */
  readonly key: string;
  /** The parsed JSON, with the fields this version of the app does not know. */
  readonly json: unknown;
  /** Milliseconds since the epoch. */
  readonly fetchedAt: number;
}

interface CacheSchema extends DBSchema {
  answers: { key: string; value: CachedAnswer; indexes: { fetchedAt: number } };
}

/** Owns the database. Failures of the disk cost speed only: they are not passed on. */
export class AnswerCache {
  readonly #name: string;
  #database: Promise<IDBPDatabase<CacheSchema> | undefined> | undefined;
  #written = 0;

  constructor(name = "kiln-civitai") {
    this.#name = name;
  }

  async get(key: string): Promise<CachedAnswer | undefined> {
    const database = await this.#open();
    return await database?.get("answers", key).catch(() => undefined);
  }

  async put(answers: readonly CachedAnswer[]): Promise<void> {
    const database = await this.#open();
    if (!database || answers.length === 0) return;
    try {
      const transaction = database.transaction("answers", "readwrite");
      await Promise.all([...answers.map((answer) => transaction.store.put(answer)), transaction.done]);
      this.#written += answers.length;
      if (this.#written >= PRUNE_EVERY) await this.#prune(database);
    } catch {
      // A full disk: the answer is used, only not kept.
    }
  }

  async clear(): Promise<void> {
    await (await this.#open())?.clear("answers");
  }

  async dispose(): Promise<void> {
    (await this.#database)?.close();
    this.#database = undefined;
  }

  async #prune(database: IDBPDatabase<CacheSchema>): Promise<void> {
    this.#written = 0;
    const transaction = database.transaction("answers", "readwrite");
    let surplus = (await transaction.store.count()) - MAX_ANSWERS;
    let cursor = surplus > 0 ? await transaction.store.index("fetchedAt").openCursor() : null;
    for (; cursor && surplus > 0; surplus--, cursor = await cursor.continue()) await cursor.delete();
    await transaction.done;
  }

  #open(): Promise<IDBPDatabase<CacheSchema> | undefined> {
    this.#database ??= openDB<CacheSchema>(this.#name, 1, {
      upgrade(database) {
        database.createObjectStore("answers", { keyPath: "key" }).createIndex("fetchedAt", "fetchedAt");
      },
      blocking(_current, _blocked, event) {
        (event.target as IDBDatabase).close();
      },
    }).catch(() => undefined);
    return this.#database;
  }
}
