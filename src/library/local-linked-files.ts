// Files of models that stay where the user keeps them: whether they can be read and are still the same. Never writes to one.

import { AppError } from "../protocol/app-error.ts";
import type { ImportProgress, ModelRecord } from "../protocol/library-api.ts";
import type { LinkedFile, LinkedFiles, LinkedFileState } from "../protocol/linked-files.ts";
import { blobSource } from "../weights/blob-source.ts";
import { hashSource } from "./file-hash.ts";
import { throttled } from "./import-model.ts";
import type { LibraryDatabase } from "./library-database.ts";
import { unlessAbsent } from "./model-files.ts";

export interface LinkedLook {
  readonly state: LinkedFileState;
  readonly handle?: FileSystemFileHandle;
  /** Present when it can be read, also when it is another one now. */
  readonly file?: File;
}

export async function lookAtLinked(record: ModelRecord, database: LibraryDatabase): Promise<LinkedLook> {
  const handle = await database.get("linked", record.id);
  if (!handle) return { state: "missing" };
  if ((await permissionOf(handle)) !== "granted") return { state: "ask", handle };
  const file = await handle.getFile().catch(unlessAbsent);
  if (!file) return { state: "missing", handle };
  const same = file.size === record.bytes && file.lastModified === record.linked?.modifiedAt;
  return { state: same ? "ready" : "changed", handle, file };
}

export class LocalLinkedFiles implements LinkedFiles {
  readonly #database: LibraryDatabase;

  constructor(database: LibraryDatabase) {
    this.#database = database;
  }

  async list(): Promise<readonly LinkedFile[]> {
    const records = (await this.#database.getAll("models")).filter(({ linked }) => linked);
    const looks = await Promise.all(
      records.map(async (record) => {
        const { handle, state } = await lookAtLinked(record, this.#database);
        return handle ? [{ modelId: record.id, handle, state }] : [];
      }),
    );
    return looks.flat();
  }

  async check(modelId: string, onProgress: (progress: ImportProgress) => void): Promise<LinkedFileState> {
    const record = await this.#database.get("models", modelId);
    if (!record?.linked) {
      throw new AppError("ModelNotFound", `There is no model "${modelId}" whose file stays elsewhere.`, {
        where: modelId,
        expected: "a linked model",
        got: record ? "a stored one" : "no record",
      });
    }
    const { state, file } = await lookAtLinked(record, this.#database);
    if (!file) return state;
    const { fileName, sha256 } = record;
    const report = throttled(file.size, (bytesDone) =>
      onProgress({ fileName, bytesDone, bytesTotal: file.size }),
    );
    const got = await hashSource(blobSource(file, fileName), (_chunk, done) => report(done));
    if (got !== sha256) return "changed";
    await this.#database.put("models", { ...record, linked: { modifiedAt: file.lastModified } });
    return "ready";
  }
}

/** Browsers that cannot ask have no files that stay readable, except those of the private file system. */
async function permissionOf(handle: FileSystemFileHandle): Promise<PermissionState> {
  const asking = handle as { queryPermission?: (options: { mode: "read" }) => Promise<PermissionState> };
  return (await asking.queryPermission?.({ mode: "read" })) ?? "granted";
}
