// What is to be imported, recognised before anything is written: a file, or the files of a folder as one. Stores nothing.

import { detectFile } from "../models/kinds/detect-file.ts";
import type { DetectedFile } from "../models/kinds/detected-file.ts";
import type { FolderEntry, ModelPart } from "../protocol/library-api.ts";
import { blobSource } from "../weights/blob-source.ts";
import type { Checkpoint } from "../weights/checkpoint.ts";
import { diffusersRoot, type FolderFile, openDiffusersFolder } from "../weights/diffusers-folder.ts";
import { openCheckpoint } from "../weights/open-checkpoint.ts";
import { safeFileName } from "./model-files.ts";

export interface RecognisedModel {
  /** What it will be stored under. */
  readonly fileName: string;
  /** Everything that is stored, in one piece. */
  readonly file: Blob;
  readonly checkpoint: Checkpoint;
  readonly detected: DetectedFile;
  /** Of folders: what `file` consists of. */
  readonly parts?: readonly ModelPart[];
}

// Takes an extension's place: names of models are file names without it, and folders' names may hold dots.
const FOLDER_EXTENSION = ".folder";

/** @throws AppError FileFormat, UnsupportedModel, MissingTensor or ShapeMismatch. */
export async function recogniseFile(file: File): Promise<RecognisedModel> {
  const fileName = safeFileName(file.name);
  const checkpoint = await openCheckpoint(blobSource(file, fileName));
  return { fileName, file, checkpoint, detected: detectFile(checkpoint) };
}

/**
 * Weights that the model does not need, such as its float32 copies beside float16, are left out.
 * @throws the same
 */
export async function recogniseFolder(entries: readonly FolderEntry[]): Promise<RecognisedModel> {
  const name = folderName(entries);
  const files = new Map(entries.map(({ path, file }) => [path, file]));
  const given = entries.map(({ path, file }): FolderFile => ({ path, source: blobSource(file, path) }));
  const { checkpoint, files: used } = await openDiffusersFolder(given, name);
  const root = diffusersRoot([...files.keys()])!;
  const blobs = used.map(({ path }) => files.get(root + path)!);
  return {
    fileName: safeFileName(name + FOLDER_EXTENSION),
    // A blob of blobs names them; it does not copy them.
    file: new Blob(blobs),
    checkpoint,
    detected: detectFile(checkpoint),
    parts: used.map(({ path }, i) => ({ path, bytes: blobs[i].size })),
  };
}

/** The stored file of a folder, as the files that it consists of. */
export function splitParts(file: Blob, parts: readonly ModelPart[]): readonly FolderFile[] {
  let start = 0;
  return parts.map(({ path, bytes }) => {
    const blob = file.slice(start, start + bytes);
    start += bytes;
    return { path, source: blobSource(blob, path) };
  });
}

function folderName(entries: readonly FolderEntry[]): string {
  const root = diffusersRoot(entries.map(({ path }) => path)) ?? entries[0]?.path.split("/")[0] ?? "";
  return root.split("/").filter(Boolean).at(-1) ?? "model";
}
