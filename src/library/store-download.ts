// Gives a downloaded file its place in the library: recognise, describe, record. The bytes are on disk and proven already.

import { detectFile } from "../models/kinds/detect-file.ts";
import type { ModelRecord } from "../protocol/library-api.ts";
import { blobSource } from "../weights/blob-source.ts";
import { openCheckpoint } from "../weights/open-checkpoint.ts";
import { describeModel } from "./describe-model.ts";
import type { StoredPart } from "./downloads/part-files.ts";
import { commit, COMMITTING, type ImportContext } from "./import-model.ts";

// Must leave the part where it is when it fails, so that nothing has to be downloaded again.
export async function storeDownload(
  part: StoredPart,
  fileName: string,
  sha256: string,
  context: ImportContext,
): Promise<ModelRecord> {
  const source = blobSource(part.file, fileName);
  const checkpoint = await openCheckpoint(source);
  const detected = detectFile(checkpoint);
  const imported = { id: sha256, fileName, bytes: part.file.size, sha256, addedAt: Date.now() };
  const record = describeModel(checkpoint, detected, imported);
  const embedded = context.embedded.find((known) => known.sha256 === sha256);
  if (embedded) {
    await part.remove();
    return embedded;
  }
  return await navigator.locks.request(COMMITTING, () => commit(record, context.files.adopt(part), context));
}
