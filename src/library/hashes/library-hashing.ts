// The hashes of the library's models: known ones from the database, missing ones by reading files, one file at a time.

import { AppError, serializeError } from "../../protocol/app-error.ts";
import type { ModelRecord } from "../../protocol/library-api.ts";
import type { HashBatchProgress, ModelHashes, ModelHashing } from "../../protocol/model-hashes.ts";
import { blobSource } from "../../weights/blob-source.ts";
import type { LibraryDatabase } from "../library-database.ts";
import { hashModelFile, type HashOptions } from "./hash-model-file.ts";

const PROGRESS_INTERVAL_MS = 250;

export interface HashingContext {
  readonly database: LibraryDatabase;
  /** Stored models; embedded ones are hashed by their manifest. */
  listModels(): Promise<readonly ModelRecord[]>;
  openFile(record: ModelRecord): Promise<File | undefined>;
}

export class LibraryHashing implements ModelHashing {
  readonly #context: HashingContext;
  #batch: AbortController | undefined;

  constructor(context: HashingContext) {
    this.#context = context;
  }

  get(modelId: string): Promise<ModelHashes | undefined> {
    return this.#context.database.get("hashes", modelId);
  }

  async compute(modelId: string): Promise<ModelHashes> {
    const known = await this.get(modelId);
    if (known) return known;
    const record = (await this.#context.listModels()).find(({ id }) => id === modelId);
    if (!record) {
      throw new AppError("ModelNotFound", `There is no model "${modelId}" on this device.`, {
        where: modelId,
        expected: "a model of the library",
        got: "no record",
      });
    }
    return await this.#hash(record, {});
  }

  // Must keep every finished file's hashes at once, so that a stopped batch goes on where it was.
  async computeMissing(onProgress: (progress: HashBatchProgress) => void): Promise<HashBatchProgress> {
    this.#batch?.abort();
    const batch = new AbortController();
    this.#batch = batch;
    const known = new Set(await this.#context.database.getAllKeys("hashes"));
    const missing = (await this.#context.listModels()).filter(({ id }) => !known.has(id));
    const bytesTotal = missing.reduce((sum, { bytes }) => sum + bytes, 0);
    let [filesDone, bytesBefore, last] = [0, 0, -Infinity];
    const failures: HashBatchProgress["failures"][number][] = [];
    const progress = (bytes: number, fileName?: string): HashBatchProgress => ({
      ...{ filesDone, filesTotal: missing.length, bytesDone: bytesBefore + bytes, bytesTotal, failures },
      ...(fileName !== undefined && { fileName }),
    });
    for (const record of missing) {
      if (batch.signal.aborted) break;
      const onBytes = (bytes: number): void => {
        const now = performance.now();
        if (now - last < PROGRESS_INTERVAL_MS) return;
        last = now;
        onProgress(progress(bytes, record.fileName));
      };
      try {
        await this.#hash(record, { signal: batch.signal, onProgress: onBytes });
        filesDone++;
      } catch (error) {
        if (batch.signal.aborted) break;
        failures.push({ modelId: record.id, error: serializeError(error) });
      }
      bytesBefore += record.bytes;
    }
    const end = progress(0);
    onProgress(end);
    return end;
  }

  stop(): Promise<void> {
    this.#batch?.abort();
    return Promise.resolve();
  }

  async #hash(record: ModelRecord, options: HashOptions): Promise<ModelHashes> {
    const file = await this.#context.openFile(record);
    if (!file) {
      throw new AppError("ModelNotFound", `The file of ${record.name} is gone. Import it again.`, {
        where: record.fileName,
        expected: "its file",
        got: "none",
      });
    }
    const hashes = await hashModelFile(blobSource(file, record.fileName), options);
    if (hashes.sha256 !== record.sha256) {
      throw new AppError("HashMismatch", `The file of ${record.name} was damaged on disk. Import it again.`, {
        where: record.fileName,
        expected: record.sha256,
        got: hashes.sha256,
      });
    }
    await this.#context.database.put("hashes", hashes, record.id);
    return hashes;
  }
}
