// Imports a model, a file or a folder: recognise, make sure it fits, stream it to disk while hashing, record it. One model per call.

import { AppError } from "../protocol/app-error.ts";
import type { FolderEntry, ImportProgress, ModelRecord } from "../protocol/library-api.ts";
import { blobSource } from "../weights/blob-source.ts";
import type { ByteSource } from "../weights/byte-source.ts";
import { describeModel } from "./describe-model.ts";
import { hashSource } from "./file-hash.ts";
import type { LibraryDatabase } from "./library-database.ts";
import type { IncomingFile, ModelFiles } from "./model-files.ts";
import { type RecognisedModel, recogniseFile, recogniseFolder } from "./recognise-model.ts";
import { type FreeSpace, namingFullDisk, requireRoom } from "./storage-room.ts";

const PROGRESS_INTERVAL_MS = 100;

// Held while records and final names change, by all tabs: two imports of one file must not undo each other.
export const COMMITTING = "kiln-library-committing";

export interface ImportContext {
  readonly database: LibraryDatabase;
  readonly files: ModelFiles;
  readonly freeSpace: FreeSpace;
  /** Models that come with the app. */
  readonly embedded: readonly ModelRecord[];
}

/** What a file must be to take the place of one that could not be downloaded. */
export interface ExpectedFile {
  readonly bytes?: number;
  readonly sha256?: string;
}

export async function importModel(
  file: File,
  context: ImportContext,
  onProgress: (progress: ImportProgress) => void,
  expected: ExpectedFile = {},
): Promise<ModelRecord> {
  requireExpected(file.name, "size", expected.bytes, file.size);
  return await storeModel(await recogniseFile(file), context, onProgress, expected);
}

export async function importFolder(
  entries: readonly FolderEntry[],
  context: ImportContext,
  onProgress: (progress: ImportProgress) => void,
): Promise<ModelRecord> {
  return await storeModel(await recogniseFolder(entries), context, onProgress, {});
}

// Must not write before the file is recognised and fits.
// Must not record, nor give the file its final name, before its size and hash are known.
// Must leave nothing behind when it fails.
async function storeModel(
  { fileName, file, contents, detected, parts }: RecognisedModel,
  context: ImportContext,
  onProgress: (progress: ImportProgress) => void,
  expected: ExpectedFile,
): Promise<ModelRecord> {
  const source = blobSource(file, fileName);
  const report = throttled(file.size, (bytesDone) =>
    onProgress({ fileName, bytesDone, bytesTotal: file.size }),
  );
  const sameSize = [...context.embedded, ...(await context.database.getAll("models"))].filter(
    (record) => record.bytes === file.size,
  );
  if (sameSize.length > 0) {
    const sha256 = await hashSource(source, (_chunk, done) => report(done));
    requireExpected(fileName, "SHA-256", expected.sha256, sha256);
    // A linked file may go away; whoever adds it once more wants a copy.
    const known = sameSize.find((record) => record.sha256 === sha256 && !record.linked);
    if (known) return known;
  }

  await requireRoom(fileName, file.size, context.freeSpace);
  return await namingFullDisk(fileName, file.size, context.freeSpace, async () => {
    const incoming = await context.files.receive();
    try {
      const sha256 = await receive(source, incoming, report);
      requireExpected(fileName, "SHA-256", expected.sha256, sha256);
      const stored = { fileName, bytes: file.size, sha256, ...(parts && { parts }) };
      const imported = { id: sha256, ...stored, addedAt: Date.now() };
      const record = describeModel(contents, detected, imported);
      return await navigator.locks.request(COMMITTING, () => commit(record, incoming, context));
    } catch (error) {
      await incoming.discard();
      throw error;
    }
  });
}

function requireExpected<T extends string | number>(
  fileName: string,
  what: string,
  expected: T | undefined,
  got: T,
): void {
  if (expected === undefined || expected === got) return;
  throw new AppError(
    "HashMismatch",
    `${fileName} is another file than the one that is missing: its ${what} is different. Pick the file that the link gives.`,
    { where: fileName, expected: String(expected), got: String(got) },
  );
}

async function receive(
  source: ByteSource,
  incoming: IncomingFile,
  report: (done: number) => void,
): Promise<string> {
  const sha256 = await hashSource(source, (chunk, done) => {
    incoming.write(chunk);
    report(done);
  });
  if (incoming.size() === source.byteLength) return sha256;
  throw new AppError("FileFormat", `${source.name} was not copied whole. Try again.`, {
    where: source.name,
    expected: `${source.byteLength} bytes`,
    got: `${incoming.size()} bytes`,
  });
}

/** Records a model and gives its file its place; a known one keeps the place it has, unless that is a link. Needs the COMMITTING lock. */
export async function commit(
  record: ModelRecord,
  incoming: Pick<IncomingFile, "keep" | "discard">,
  { database, files }: ImportContext,
): Promise<ModelRecord> {
  const known = await database.get("models", record.id);
  if (known && !known.linked) {
    await incoming.discard();
    return known;
  }
  await incoming.keep(record.id, record.fileName);
  try {
    await database.put("models", record);
  } catch (error) {
    await files.remove(record.id);
    throw error;
  }
  if (known) await database.delete("linked", record.id);
  return record;
}

/** The first and the last report always pass, those between at most ten times a second. */
export function throttled(
  bytesTotal: number,
  report: (bytesDone: number) => void,
): (bytesDone: number) => void {
  let last = -Infinity;
  return (bytesDone) => {
    const now = performance.now();
    if (now - last < PROGRESS_INTERVAL_MS && bytesDone < bytesTotal) return;
    last = now;
    report(bytesDone);
  };
}
