// The bytes of a model that is not part of the app: its stored file, or the one that stays where the user keeps it.

import { AppError } from "../protocol/app-error.ts";
import type { ModelRecord } from "../protocol/library-api.ts";
import type { LibraryDatabase } from "./library-database.ts";
import { lookAtLinked } from "./local-linked-files.ts";
import type { ModelFiles } from "./model-files.ts";

/**
 * To be used as the model: a linked file must be the one that was hashed, as far as size and date tell. undefined when the
 * bytes are gone. @throws AppError AccessDenied, HashMismatch.
 */
export async function openModelFile(
  record: ModelRecord,
  files: ModelFiles,
  database: LibraryDatabase,
): Promise<File | undefined> {
  const file = await openModelBytes(record, files, database);
  if (!file || !record.linked) return file;
  const { bytes, linked, fileName } = record;
  if (file.size === bytes && file.lastModified === linked.modifiedAt) return file;
  throw new AppError(
    "HashMismatch",
    `${fileName} was changed where you keep it. Open the model on the Models page and check the file.`,
    {
      where: fileName,
      expected: describeFile(bytes, linked.modifiedAt),
      got: describeFile(file.size, file.lastModified),
    },
  );
}

/** To be compared or copied: whatever is there now. @throws AppError AccessDenied. */
export async function openModelBytes(
  record: ModelRecord,
  files: ModelFiles,
  database: LibraryDatabase,
): Promise<File | undefined> {
  if (!record.linked) return await files.open(record.id, record.fileName);
  const { state, file } = await lookAtLinked(record, database);
  if (state !== "ask") return file;
  throw new AppError(
    "AccessDenied",
    `Kiln may no longer read ${record.fileName} where you keep it. Open the model on the Models page and allow it again.`,
    { where: record.fileName, expected: "leave to read the file", got: "none" },
  );
}

function describeFile(bytes: number, modifiedAt: number): string {
  return `${bytes} bytes of ${new Date(modifiedAt).toISOString()}`;
}
