// The file of a model's record, whether it is stored here or stays where the user keeps it. Checks nothing in it.

import { AppError } from "../protocol/app-error.ts";
import type { ModelRecord } from "../protocol/library-api.ts";
import type { LibraryDatabase } from "./library-database.ts";
import { type ModelFiles, unlessAbsent } from "./model-files.ts";

/** The bytes of a stored or linked model; undefined when they are gone. @throws AppError AccessDenied. */
export async function openModelFile(
  record: ModelRecord,
  files: ModelFiles,
  database: LibraryDatabase,
): Promise<File | undefined> {
  if (!record.linked) return await files.open(record.id, record.fileName);
  const handle = await database.get("linked", record.id);
  if (!handle) return undefined;
  if ((await permissionOf(handle)) !== "granted") {
    throw new AppError(
      "AccessDenied",
      `Kiln may no longer read ${record.fileName} where you keep it. Open the model on the Models page and allow it again.`,
      { where: record.fileName, expected: "leave to read the file", got: "none" },
    );
  }
  return await handle.getFile().catch(unlessAbsent);
}

/** Browsers that cannot ask have no files that stay readable, except those of the private file system. */
async function permissionOf(handle: FileSystemFileHandle): Promise<PermissionState> {
  const asking = handle as { queryPermission?: (options: { mode: "read" }) => Promise<PermissionState> };
  return (await asking.queryPermission?.({ mode: "read" })) ?? "granted";
}
