// Links a model file where the user keeps it: recognised and hashed like an imported one, but not copied.

import type { ImportProgress, ModelRecord } from "../protocol/library-api.ts";
import { blobSource } from "../weights/blob-source.ts";
import { describeModel } from "./describe-model.ts";
import { hashSource } from "./file-hash.ts";
import { COMMITTING, type ImportContext, throttled } from "./import-model.ts";
import { safeFileName } from "./model-files.ts";
import { recogniseSource } from "./recognise-model.ts";

// Must not write the file anywhere: whoever links a model has no room for a second copy, or wants none.
// Must not record before the hash is known.
/** @throws AppError FileFormat, UnsupportedModel. */
export async function linkModel(
  handle: FileSystemFileHandle,
  { database, embedded }: Pick<ImportContext, "database" | "embedded">,
  onProgress: (progress: ImportProgress) => void,
): Promise<ModelRecord> {
  const file = await handle.getFile();
  const fileName = safeFileName(file.name);
  const source = blobSource(file, fileName);
  const { contents, detected } = await recogniseSource(source);
  const report = throttled(file.size, (bytesDone) =>
    onProgress({ fileName, bytesDone, bytesTotal: file.size }),
  );
  const sha256 = await hashSource(source, (_chunk, done) => report(done));
  const shipped = embedded.find((record) => record.sha256 === sha256);
  if (shipped) return shipped;
  const imported = { id: sha256, fileName, bytes: file.size, sha256, addedAt: Date.now() };
  const linked = { modifiedAt: file.lastModified };
  const record: ModelRecord = { ...describeModel(contents, detected, imported), linked };
  return await navigator.locks.request(COMMITTING, async () => {
    const known = await database.get("models", sha256);
    // A copy of the same bytes is already here, which is worth more than a link.
    if (known && !known.linked) return known;
    const both = database.transaction(["models", "linked"], "readwrite");
    await both.objectStore("linked").put(handle, sha256);
    // The same bytes in another place: everything known about them stays.
    const kept = known ? { ...known, fileName, linked } : record;
    await both.objectStore("models").put(kept);
    await both.done;
    return kept;
  });
}
