// The gallery: picture files with their records, found by word, newest first. Draws nothing and makes no pictures.

import { parseInfotext } from "../imaging/infotext.ts";
import { AppError } from "../protocol/app-error.ts";
import {
  completeRequest,
  type GeneratedPicture,
  type GenerationRequest,
} from "../protocol/generation-request.ts";
import { whenNobodyWrites, whileWriting } from "../shared/write-lock.ts";
import { ChangeChannel } from "./change-channel.ts";
import type { PageDatabase } from "./page-database.ts";
import type { PictureFiles } from "./picture-files.ts";
import {
  DELETED,
  FAVOURITE,
  KEPT,
  type NewPicture,
  type PictureLineage,
  type PictureRecord,
  searchedPrefixes,
  type StoredPicture,
  termsOf,
  wordTerm,
} from "./picture-record.ts";
import { namingStorageErrors } from "./storage-errors.ts";
import { lockManager } from "./tab-locks.ts";

// Undo is offered for seconds; minutes leave room for a tab in the background.
const UNDO_LIFETIME_MS = 10 * 60 * 1000;

const WRITING = "kiln-gallery-writing";

export interface PictureFilter {
  /** Words that must all begin some word of prompt, negative prompt or model. */
  readonly text?: string;
  readonly favouritesOnly?: boolean;
}

export interface PicturePage {
  readonly pictures: readonly PictureRecord[];
  /** All that match, on every page. */
  readonly total: number;
  /** Pass as `before` to get the next page; absent on the last one. */
  readonly next?: number;
}

/** What `restore` and `purge` need to know of a deletion. */
export interface UndoToken {
  readonly ids: readonly number[];
}

export type GalleryChange = {
  readonly type: "added" | "changed" | "removed" | "restored";
  readonly ids: readonly number[];
};

// Must write the file before the record and delete the record before the file: a crash leaves at most a file that
// nobody lists, which `tidy` removes; never a record without its file.
// Must tell listeners only after the transaction is complete.
export class GalleryStore {
  readonly #database: PageDatabase;
  readonly #files: PictureFiles;
  readonly #makeThumbnail: (picture: Blob) => Promise<Blob>;
  readonly #changes = new ChangeChannel<GalleryChange>("kiln-gallery");

  constructor(database: PageDatabase, files: PictureFiles, makeThumbnail: (picture: Blob) => Promise<Blob>) {
    this.#database = database;
    this.#files = files;
    this.#makeThumbnail = makeThumbnail;
  }

  /** Called after every change, in every tab. */
  subscribe(listener: (change: GalleryChange) => void): () => void {
    return this.#changes.subscribe(listener);
  }

  /**
   * Stores a picture. A picture the same job already delivered (the job ran again after a reload) is not stored twice.
   * @throws AppError StorageFull; everything stored before stays as it was.
   */
  async add(picture: GeneratedPicture, request: GenerationRequest): Promise<PictureRecord> {
    const { prompt, negativePrompt, modelId } = request;
    return await this.#addOnce(picture, { prompt, negativePrompt, modelId, request });
  }

  /** The same for a picture made from another. What the gallery knows of that one goes on, else what the infotext says. */
  async addDerived(picture: GeneratedPicture, lineage: PictureLineage): Promise<PictureRecord> {
    const { prompt, negativePrompt } = parseInfotext(picture.infotext);
    const source = lineage.sourceId === undefined ? undefined : await this.get(lineage.sourceId);
    const { modelId = "", request } = source ?? {};
    const origin = { prompt, negativePrompt, modelId, lineage };
    return await this.#addOnce(picture, request ? { ...origin, request } : origin);
  }

  /** One page of matching pictures, newest first. `before` is the `next` of the page before. */
  async list(
    filter: PictureFilter,
    page: { readonly before?: number; readonly limit: number },
  ): Promise<PicturePage> {
    const { before = Infinity, limit } = page;
    const transaction = this.#database.transaction("pictures");
    const ids = await matchingIds(transaction.store.index("terms"), filter);
    const end = firstAtLeast(ids, before);
    const wanted = ids.slice(Math.max(0, end - limit), end).reverse();
    const records = await Promise.all(wanted.map((id) => transaction.store.get(id)));
    const pictures = records.filter((record) => record !== undefined).map(asRecord);
    return { pictures, total: ids.length, ...(end > limit ? { next: wanted.at(-1) } : {}) };
  }

  async count(filter: PictureFilter = {}): Promise<number> {
    return (await matchingIds(this.#database.transaction("pictures").store.index("terms"), filter)).length;
  }

  /** The record, unless there is none or it is deleted. */
  async get(id: number): Promise<PictureRecord | undefined> {
    const record = await this.#database.get("pictures", id);
    return record && record.deletedAt === undefined ? asRecord(record) : undefined;
  }

  async setFavourite(id: number, favourite: boolean): Promise<void> {
    await this.#change([id], "changed", (record) => ({ ...record, favourite }));
  }

  /** Takes pictures out of the gallery; their files stay until `purge`, or until the undo has expired. */
  async remove(ids: readonly number[]): Promise<UndoToken> {
    const deletedAt = Date.now();
    return { ids: await this.#change(ids, "removed", (record) => ({ ...record, deletedAt })) };
  }

  /** Undoes `remove`. Returns how many came back; those purged meanwhile do not. */
  async restore(token: UndoToken): Promise<number> {
    const restored = await this.#change(token.ids, "restored", (record) => ({
      ...record,
      deletedAt: undefined,
    }));
    return restored.length;
  }

  /** Deletes for good what `remove` took out, once its undo is no longer offered. */
  async purge(token: UndoToken): Promise<void> {
    const transaction = this.#database.transaction("pictures", "readwrite");
    const records = await Promise.all(token.ids.map((id) => transaction.store.get(id)));
    const deleted = records.filter((record) => record?.deletedAt !== undefined) as StoredPicture[];
    await Promise.all([...deleted.map((record) => transaction.store.delete(record.id)), transaction.done]);
    await Promise.all(deleted.flatMap(filesOf).map((name) => this.#files.remove(name)));
  }

  /**
   * The picture's file under a name fit for a download.
   * @throws AppError PictureNotFound when there is no such picture or the browser has evicted its file.
   */
  async openFile(id: number): Promise<File> {
    const record = await this.#database.get("pictures", id);
    const file = record && (await this.#files.open(record.fileName));
    if (!file) {
      throw new AppError("PictureNotFound", `Picture ${id} is no longer on this device.`, {
        where: `picture ${id}`,
        expected: "a stored picture",
        got: record ? `no file ${record.fileName}` : "no record",
      });
    }
    return new File([file], downloadName(record), { type: "image/png" });
  }

  /** The small picture for the grid; the picture itself where there is none. */
  async openThumbnail(id: number): Promise<Blob> {
    const name = (await this.#database.get("pictures", id))?.thumbnailName;
    return (name === undefined ? undefined : await this.#files.open(name)) ?? (await this.openFile(id));
  }

  /** Removes files that no record names (left by a crash) and deletions whose undo has expired. Call at start. */
  async tidy(now = Date.now()): Promise<void> {
    await whenNobodyWrites(lockManager(), WRITING, async () => {
      const deleted = await this.#database.getAllFromIndex("pictures", "terms", DELETED);
      const expired = deleted.filter((record) => now - record.deletedAt! >= UNDO_LIFETIME_MS);
      await this.purge({ ids: expired.map((record) => record.id) });
      const named = new Set((await this.#database.getAll("pictures")).flatMap(filesOf));
      for (const name of await this.#files.names()) {
        if (!named.has(name)) await this.#files.remove(name);
      }
    });
  }

  dispose(): void {
    this.#changes.dispose();
  }

  async #addOnce(
    { jobId, index, seed, width, height, infotext, file }: GeneratedPicture,
    origin: Pick<NewPicture, "prompt" | "negativePrompt" | "modelId" | "request" | "lineage">,
  ): Promise<PictureRecord> {
    const known = await this.#database.getAllFromIndex("pictures", "origin", [jobId, index]);
    const same = known.find((record) => record.infotext === infotext);
    if (same) return asRecord(same);
    const picture = { jobId, index, seed, width, height, infotext, ...origin };
    return await this.#store(file, { ...picture, favourite: false, addedAt: Date.now() });
  }

  async #store(
    file: Blob,
    picture: Omit<NewPicture, "bytes" | "fileName" | "thumbnailName">,
  ): Promise<PictureRecord> {
    const stem = crypto.randomUUID();
    const thumbnail = await this.#makeThumbnail(file).catch(() => undefined);
    const record: NewPicture = {
      ...picture,
      bytes: file.size,
      fileName: `${stem}.png`,
      ...(thumbnail ? { thumbnailName: `${stem}.thumbnail` } : {}),
    };
    const need = file.size + (thumbnail?.size ?? 0);
    const id = await namingStorageErrors("the picture", need, () =>
      whileWriting(lockManager(), WRITING, async () => {
        try {
          await this.#files.write(record.fileName, file);
          if (thumbnail && record.thumbnailName) await this.#files.write(record.thumbnailName, thumbnail);
          return await this.#put(record);
        } catch (error) {
          await Promise.all(filesOf(record).map((name) => this.#files.remove(name).catch(() => undefined)));
          throw error;
        }
      }),
    );
    this.#changes.announce({ type: "added", ids: [id] });
    return { ...record, id };
  }

  async #put(picture: NewPicture): Promise<number> {
    // Strict: the picture counts as stored only when it would survive a power cut.
    const transaction = this.#database.transaction("pictures", "readwrite", { durability: "strict" });
    // The database fills in the id.
    const stored = { ...picture, terms: termsOf(picture) } as Omit<StoredPicture, "id"> as StoredPicture;
    const [id] = await Promise.all([transaction.store.add(stored), transaction.done]);
    return id;
  }

  /** Rewrites the records that exist, in one transaction; returns their ids. */
  async #change(
    ids: readonly number[],
    type: GalleryChange["type"],
    change: (record: StoredPicture) => StoredPicture,
  ): Promise<readonly number[]> {
    const transaction = this.#database.transaction("pictures", "readwrite");
    const records = await Promise.all(ids.map((id) => transaction.store.get(id)));
    const found = records.filter((record) => record !== undefined);
    const changed = found.map(change).map((record) => ({ ...record, terms: termsOf(record) }));
    await Promise.all([...changed.map((record) => transaction.store.put(record)), transaction.done]);
    const changedIds = changed.map((record) => record.id);
    if (changedIds.length > 0) this.#changes.announce({ type, ids: changedIds });
    return changedIds;
  }
}

interface TermIndex {
  getAllKeys(query: IDBKeyRange): Promise<number[]>;
}

/** Ids of all pictures with the filter's terms, ascending. */
async function matchingIds(index: TermIndex, filter: PictureFilter): Promise<readonly number[]> {
  const state = IDBKeyRange.only(filter.favouritesOnly ? FAVOURITE : KEPT);
  const prefixes = searchedPrefixes(filter.text ?? "").map((prefix) =>
    IDBKeyRange.bound(wordTerm(prefix), wordTerm(`${prefix}\uffff`)),
  );
  const [ids, ...matches] = await Promise.all([state, ...prefixes].map((range) => index.getAllKeys(range)));
  const sets = matches.map((keys) => new Set(keys));
  return ids.filter((id) => sets.every((set) => set.has(id)));
}

/** Where the ascending ids reach `bound`. */
function firstAtLeast(ids: readonly number[], bound: number): number {
  let low = 0;
  let high = ids.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ids[middle] < bound) low = middle + 1;
    else high = middle;
  }
  return low;
}

function filesOf(record: NewPicture): string[] {
  return record.thumbnailName === undefined ? [record.fileName] : [record.fileName, record.thumbnailName];
}

function asRecord(stored: StoredPicture): PictureRecord {
  const record: Partial<StoredPicture> = {
    ...stored,
    ...(stored.request && { request: completeRequest(stored.request) }),
  };
  delete (record as { terms?: unknown }).terms;
  delete (record as { deletedAt?: unknown }).deletedAt;
  return record as PictureRecord;
}

function downloadName(record: PictureRecord): string {
  const words = record.prompt.normalize("NFKC").match(/[\p{L}\p{N}]+/gu) ?? [];
  const slug = words.join("-").toLowerCase().slice(0, 60).replace(/-+$/, "");
  return `${[String(record.seed), slug].filter(Boolean).join("-")}.png`;
}
