// What the library's files take up, and which of them are damaged or gone. Repairs nothing.

import { AppError, isAppError } from "../protocol/app-error.ts";
import type { ModelRecord } from "../protocol/library-api.ts";
import type { CheckProgress, FileProblem, LibraryStorage, StorageUse } from "../protocol/library-storage.ts";
import type { ModelType } from "../protocol/model-manifest.ts";
import { blobSource } from "../weights/blob-source.ts";
import { hashSource } from "./file-hash.ts";

export interface StoredFilesContext {
  /** Stored models, without those that come with the app. */
  listModels(): Promise<readonly ModelRecord[]>;
  openFile(record: ModelRecord): Promise<File | undefined>;
  downloadBytes(): Promise<number>;
}

export class StoredFiles implements LibraryStorage {
  readonly #context: StoredFilesContext;

  constructor(context: StoredFilesContext) {
    this.#context = context;
  }

  async use(): Promise<StorageUse> {
    const models: Partial<Record<ModelType, number>> = {};
    for (const { type, bytes, linked } of await this.#context.listModels()) {
      if (!linked) models[type] = (models[type] ?? 0) + bytes;
    }
    const { usage = 0, quota = 0 } = await navigator.storage.estimate();
    return {
      ...{ models, usage, quota },
      downloads: await this.#context.downloadBytes(),
      persisted: await navigator.storage.persisted(),
    };
  }

  async check(
    thorough: boolean,
    onProgress: (progress: CheckProgress) => void,
  ): Promise<readonly FileProblem[]> {
    const records = await this.#context.listModels();
    const bytesTotal = records.reduce((sum, { bytes }) => sum + bytes, 0);
    const problems: FileProblem[] = [];
    let bytesDone = 0;
    for (const [filesDone, record] of records.entries()) {
      onProgress({ filesDone, filesTotal: records.length, bytesDone, bytesTotal });
      const problem = await this.#check(record, thorough);
      if (problem) problems.push(problem);
      bytesDone += record.bytes;
    }
    onProgress({ filesDone: records.length, filesTotal: records.length, bytesDone, bytesTotal });
    return problems;
  }

  async openFile(modelId: string): Promise<File> {
    const record = (await this.#context.listModels()).find(({ id }) => id === modelId);
    const file = record && (await this.#context.openFile(record));
    if (record && file) return file;
    const name = record?.name ?? modelId;
    throw new AppError(
      "ModelNotFound",
      `The file of ${name} is not on this device. Check the files under Storage.`,
      {
        where: modelId,
        expected: "a stored file",
        got: record ? "no file" : "no record",
      },
    );
  }

  async #check(record: ModelRecord, thorough: boolean): Promise<FileProblem | undefined> {
    const { id, name, bytes, sha256, linked } = record;
    const problem = (kind: FileProblem["kind"], expected: string, got: string): FileProblem => ({
      ...{ modelId: id, name, kind, expected, got },
    });
    const file = await this.#context.openFile(record).catch((error: unknown) => {
      if (isAppError(error, "AccessDenied")) return "not-allowed" as const;
      throw error;
    });
    if (file === "not-allowed") return problem(file, "leave to read the file", "none");
    if (!file) return problem("missing", `${bytes} bytes`, "no file");
    if (file.size !== bytes) return problem("wrong-size", `${bytes} bytes`, `${file.size} bytes`);
    if (!thorough) {
      if (!linked || file.lastModified === linked.modifiedAt) return undefined;
      return problem("changed", isoDate(linked.modifiedAt), isoDate(file.lastModified));
    }
    const got = await hashSource(blobSource(file, record.fileName));
    return got === sha256 ? undefined : problem("wrong-hash", sha256, got);
  }
}

const isoDate = (time: number): string => new Date(time).toISOString();
