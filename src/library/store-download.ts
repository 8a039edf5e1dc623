// Gives a downloaded model its place in the library: recognise, describe, record. The bytes are on disk and proven already.

import type { FolderEntry, ModelRecord } from "../protocol/library-api.ts";
import { blobSource } from "../weights/blob-source.ts";
import { describeModel } from "./describe-model.ts";
import type { WholeDownload } from "./downloads/download-runner.ts";
import type { StoredPart } from "./downloads/part-files.ts";
import { commit, COMMITTING, type ImportContext } from "./import-model.ts";
import { recogniseFolder, recogniseSource } from "./recognise-model.ts";

// Must leave the part where it is when it fails, so that nothing has to be downloaded again.
export async function storeDownload(
  part: StoredPart,
  whole: WholeDownload,
  context: ImportContext,
): Promise<ModelRecord> {
  const record = whole.files
    ? await describeFolder(part.file, { ...whole, files: whole.files })
    : await describeFile(part.file, whole);
  const embedded = context.embedded.find((known) => known.sha256 === whole.sha256);
  if (embedded) {
    await part.remove();
    return embedded;
  }
  return await navigator.locks.request(COMMITTING, () => commit(record, context.files.adopt(part), context));
}

async function describeFile(file: File, { fileName, sha256 }: WholeDownload): Promise<ModelRecord> {
  const { contents, detected } = await recogniseSource(blobSource(file, fileName));
  const imported = { id: sha256, fileName, bytes: file.size, sha256, addedAt: Date.now() };
  return describeModel(contents, detected, imported);
}

/** Recognised as if it had been dropped. All of its files stay, in the order in which they lie in the part. */
async function describeFolder(
  file: File,
  { fileName: folder, sha256, files }: WholeDownload & Required<Pick<WholeDownload, "files">>,
): Promise<ModelRecord> {
  let start = 0;
  const entries = files.map(({ path, bytes }): FolderEntry => {
    const slice = file.slice(start, start + bytes);
    start += bytes;
    return { path: `${folder}/${path}`, file: new File([slice], path.slice(path.lastIndexOf("/") + 1)) };
  });
  const { contents, detected, fileName } = await recogniseFolder(entries);
  const parts = files.map(({ path, bytes, sha256: hash }) => ({
    path,
    bytes,
    ...(hash !== undefined && { sha256: hash }),
  }));
  const imported = { id: sha256, fileName, bytes: file.size, sha256, parts, addedAt: Date.now() };
  return describeModel(contents, detected, imported);
}
