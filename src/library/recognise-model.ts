// What is to be imported, recognised before anything is written: a file, or the files of a folder as one. Stores nothing.

import { detectFile } from "../models/kinds/detect-file.ts";
import type { DetectedFile } from "../models/kinds/detected-file.ts";
import { exportedModelFile, exportedUpscalerFile } from "../models/kinds/exported-files.ts";
import { detectExported } from "../models/exports/detect-exported.ts";
import type { FolderEntry, ModelPart } from "../protocol/library-api.ts";
import { blobSource } from "../weights/blob-source.ts";
import type { ByteSource } from "../weights/byte-source.ts";
import { diffusersRoot, type FolderFile, openDiffusersFolder } from "../weights/diffusers-folder.ts";
import { readOnnxFile, startsLikeOnnx } from "../weights/onnx/onnx-file.ts";
import { isOnnxFolder, onnxRoot, openOnnxFolder } from "../weights/onnx/onnx-folder.ts";
import { openCheckpoint } from "../weights/open-checkpoint.ts";
import type { FileContents } from "./describe-model.ts";
import { safeFileName } from "./model-files.ts";

export interface RecognisedModel {
  /** What it will be stored under. */
  readonly fileName: string;
  /** Everything that is stored, in one piece. */
  readonly file: Blob;
  readonly contents: FileContents;
  readonly detected: DetectedFile;
  /** Of folders: what `file` consists of. */
  readonly parts?: readonly ModelPart[];
}

// Takes an extension's place: names of models are file names without it, and folders' names may hold dots.
const FOLDER_EXTENSION = ".folder";
const ONNX_SIGNATURE_BYTES = 16;

/** @throws AppError FileFormat, UnsupportedModel, MissingTensor or ShapeMismatch. */
export async function recogniseFile(file: File): Promise<RecognisedModel> {
  const fileName = safeFileName(file.name);
  return { fileName, file, ...(await recogniseSource(blobSource(file, fileName))) };
}

/**
 * A single file of any format, told by its first bytes.
 * @throws the same
 */
export async function recogniseSource(
  source: ByteSource,
): Promise<Pick<RecognisedModel, "contents" | "detected">> {
  const start = await source.read(0, Math.min(ONNX_SIGNATURE_BYTES, source.byteLength));
  if (startsLikeOnnx(start) && source.name.endsWith(".onnx")) {
    const detected = exportedUpscalerFile(await readOnnxFile(source));
    return { contents: { tensors: new Map(), metadata: new Map() }, detected };
  }
  const contents = await openCheckpoint(source);
  return { contents, detected: detectFile(contents) };
}

/**
 * Weights that the model does not need, such as its float32 copies beside float16, are left out.
 * @throws the same
 */
export async function recogniseFolder(entries: readonly FolderEntry[]): Promise<RecognisedModel> {
  const paths = entries.map(({ path }) => path);
  const root = isOnnxFolder(paths) ? onnxRoot(paths) : diffusersRoot(paths);
  const name = folderName(root ?? entries[0]?.path.split("/")[0] ?? "");
  const files = new Map(entries.map(({ path, file }) => [path, file]));
  const given = entries.map(({ path, file }): FolderFile => ({ path, source: blobSource(file, path) }));
  const { used, ...recognised } = await recogniseParts(given, name);
  const blobs = used.map(({ path }) => files.get((root ?? "") + path)!);
  return {
    fileName: safeFileName(name + FOLDER_EXTENSION),
    // A blob of blobs names them; it does not copy them.
    file: new Blob(blobs),
    ...recognised,
    parts: used.map(({ path }, i) => ({ path, bytes: blobs[i].size })),
  };
}

interface RecognisedFolder extends Pick<RecognisedModel, "contents" | "detected"> {
  /** Those of the files that the model consists of. */
  readonly used: readonly FolderFile[];
}

/**
 * A folder of either kind, by its files' names.
 * @throws the same
 */
export async function recogniseParts(given: readonly FolderFile[], name: string): Promise<RecognisedFolder> {
  const open = isOnnxFolder(given.map(({ path }) => path)) ? openExport : openWeights;
  return await open(given, name);
}

async function openWeights(given: readonly FolderFile[], name: string): Promise<RecognisedFolder> {
  const { checkpoint, files } = await openDiffusersFolder(given, name);
  return { contents: checkpoint, detected: detectFile(checkpoint), used: files };
}

async function openExport(given: readonly FolderFile[], name: string): Promise<RecognisedFolder> {
  const folder = await openOnnxFolder(given, name);
  const model = detectExported(folder);
  const contents = { tensors: new Map(), metadata: folder.metadata };
  return { contents, detected: exportedModelFile(model), used: model.files };
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

function folderName(root: string): string {
  return root.split("/").filter(Boolean).at(-1) ?? "model";
}
