// The journal of downloads in the library's database: what survives a crash. The bytes are in the part files.

import {
  type Download,
  type DownloadFile,
  DOWNLOAD_STATES,
  type SourceHosts,
  type SourceId,
} from "../../protocol/downloads-api.ts";
import type { LibraryDatabase } from "../library-database.ts";
import type { ByteFacts } from "./range-answer.ts";

export interface DownloadEntry extends Download {
  /** Ascending is the order of work. */
  readonly position: number;
  readonly alternatives: readonly string[];
  /** The size the file must have, where the caller or the host's listing knows it. */
  readonly expectedBytes?: number;
  /** Of a model of several files; they arrive in this order, one behind the other in one part. */
  readonly files?: readonly DownloadFile[];
  /** Which of `files` the facts below are about. */
  readonly partFile?: number;
  /** The host's own name does not matter. */
  readonly named?: true;
  /** Attempts in a row that brought nothing. */
  readonly fruitless: number;
  /** Which address the part came from, and what it said of the file. */
  readonly partFrom?: string;
  readonly partFacts?: ByteFacts;
  /** A wrong hash after a break may be the break's fault, so it is fetched once more from the start. */
  readonly restarted?: boolean;
}

/** Kept in the "sources" store under one key. Holds tokens: never leaves the worker. */
export interface StoredSourceSettings {
  readonly parallel: number;
  readonly hosts: Partial<SourceHosts>;
  readonly tokens: Partial<Record<SourceId, string>>;
  readonly googleClientId?: string;
  /** When an address on this origin last failed for good; later ones are tried after others. */
  readonly failedOrigins: Readonly<Record<string, number>>;
}

const SETTINGS_KEY = "settings";
const DEFAULT_SETTINGS: StoredSourceSettings = { parallel: 2, hosts: {}, tokens: {}, failedOrigins: {} };

/** Every change is one transaction that sees the newest entry, because all tabs write here. */
export class DownloadJournal {
  readonly #database: LibraryDatabase;

  constructor(database: LibraryDatabase) {
    this.#database = database;
  }

  async list(): Promise<readonly DownloadEntry[]> {
    return (await this.#database.getAll("downloads")).sort((a, b) => a.position - b.position);
  }

  get(id: string): Promise<DownloadEntry | undefined> {
    return this.#database.get("downloads", id);
  }

  /** Adds at the end. */
  async add(entry: Omit<DownloadEntry, "position">): Promise<DownloadEntry> {
    const { store, done } = this.#database.transaction("downloads", "readwrite");
    const last = Math.max(0, ...(await store.getAll()).map(({ position }) => position));
    const placed = { ...entry, position: last + 1 };
    await store.add(placed);
    await done;
    return placed;
  }

  /** Gives the changed entry; undefined when there is none or `change` returns undefined, and then nothing is written. */
  async update(
    id: string,
    change: (entry: DownloadEntry) => DownloadEntry | undefined,
  ): Promise<DownloadEntry | undefined> {
    const { store, done } = this.#database.transaction("downloads", "readwrite");
    const entry = await store.get(id);
    const changed = entry && change(entry);
    if (changed) await store.put(changed);
    await done;
    return changed;
  }

  async remove(id: string): Promise<void> {
    await this.#database.delete("downloads", id);
  }

  async move(id: string, position: number): Promise<void> {
    const { store, done } = this.#database.transaction("downloads", "readwrite");
    const all = (await store.getAll()).sort((a, b) => a.position - b.position);
    const moved = all.find((entry) => entry.id === id);
    if (moved) {
      const rest = all.filter((entry) => entry !== moved);
      rest.splice(Math.max(0, position), 0, moved);
      await Promise.all(rest.map((entry, index) => store.put({ ...entry, position: index + 1 })));
    }
    await done;
  }

  async settings(): Promise<StoredSourceSettings> {
    return { ...DEFAULT_SETTINGS, ...(await this.#database.get("sources", SETTINGS_KEY)) };
  }

  /** Remembers which origins fail for good; one that works again is forgotten. */
  async noteOrigin(origin: string, failed: boolean): Promise<void> {
    if (!failed && (await this.settings()).failedOrigins[origin] === undefined) return;
    await this.changeSettings((settings) => {
      const failedOrigins = { ...settings.failedOrigins, [origin]: Date.now() };
      if (!failed) delete failedOrigins[origin];
      return { ...settings, failedOrigins };
    });
  }

  async changeSettings(
    change: (settings: StoredSourceSettings) => StoredSourceSettings,
  ): Promise<StoredSourceSettings> {
    const { store, done } = this.#database.transaction("sources", "readwrite");
    const changed = change({ ...DEFAULT_SETTINGS, ...(await store.get(SETTINGS_KEY)) });
    await store.put(changed, SETTINGS_KEY);
    await done;
    return changed;
  }
}

/** The entry as the page may see it. */
export function publicDownload(entry: DownloadEntry): Download {
  const { position, alternatives, expectedBytes, fruitless, files, partFile, partFrom, partFacts, ...rest } =
    entry;
  const { named, restarted, ...shown } = rest;
  void [named, position, alternatives, fruitless, partFile, partFrom, partFacts, restarted];
  return {
    ...shown,
    bytesTotal: shown.bytesTotal ?? expectedBytes,
    ...(files && { fileCount: files.length }),
  };
}

export const isBusy = (entry: DownloadEntry): boolean => DOWNLOAD_STATES[entry.state].busy;
