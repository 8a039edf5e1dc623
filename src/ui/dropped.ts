// Recognises what was dropped on the window: a model file or folder, a picture with a recipe, text. Changes nothing.

import { readPictureInfotext } from "../imaging/picture-infotext.ts";
import { AppError, serializeError, type SerializedError } from "../protocol/app-error.ts";
import type { FolderEntry, ModelRecord } from "../protocol/library-api.ts";
import { MODEL_FILE } from "../protocol/model-file-name.ts";
import { recogniseAddress } from "./model-address.ts";
import { readDroppedFolders, sortFolder } from "./model-folders.ts";
import { readRestorable, type Restorable, type TensorHashes } from "./restore.ts";

export interface Dropped {
  readonly files: readonly File[];
  /** Of the same files, where the browser gives any: with one a file can be read again later. */
  readonly handles?: readonly (Promise<FileSystemFileHandle | undefined> | undefined)[];
  readonly folders?: readonly FileSystemDirectoryEntry[];
  /** Empty when there are files or folders. */
  readonly text: string;
}

export type Finding =
  | { readonly kind: "model"; readonly file: File; readonly handle?: FileSystemFileHandle }
  /** A model that is published as a folder. */
  | { readonly kind: "folder"; readonly entries: readonly FolderEntry[] }
  | { readonly kind: "recipe"; readonly restorable: Restorable; readonly picture?: File }
  | { readonly kind: "prompt"; readonly text: string }
  /** Of a model's page or file, to be looked at on the Models page. */
  | { readonly kind: "address"; readonly address: string }
  | { readonly kind: "nothing"; readonly error: SerializedError };

// Larger than any picture with a recipe, small enough to be read at once.
const MAX_PICTURE_BYTES = 256 * 1024 * 1024;

export function isModelFile(name: string): boolean {
  return MODEL_FILE.test(name);
}

function nothing(message: string, where: string, expected: string, got: string): Finding {
  return {
    kind: "nothing",
    error: serializeError(new AppError("FileFormat", message, { where, expected, got })),
  };
}

async function findInPicture(
  file: File,
  models: readonly ModelRecord[],
  hashes: TensorHashes,
): Promise<Finding> {
  if (file.size > MAX_PICTURE_BYTES) {
    const expected = `at most ${MAX_PICTURE_BYTES} bytes`;
    return nothing(`${file.name} is too large for a picture.`, file.name, expected, `${file.size} bytes`);
  }
  const text = readPictureInfotext(new Uint8Array(await file.arrayBuffer()));
  const restorable = text === undefined ? undefined : readRestorable(text, models, hashes);
  if (restorable) return { kind: "recipe", restorable, picture: file };
  return nothing(
    `${file.name} carries no parameters.`,
    file.name,
    "a recipe inside the picture",
    "a picture without one",
  );
}

async function findInFile(
  file: File,
  models: readonly ModelRecord[],
  hashes: TensorHashes,
): Promise<Finding> {
  if (isModelFile(file.name)) return { kind: "model", file };
  try {
    if (file.type.startsWith("image/")) return await findInPicture(file, models, hashes);
    if (file.type.startsWith("text/")) return findInText((await file.text()).trim(), models, hashes);
  } catch (error) {
    return { kind: "nothing", error: serializeError(error) };
  }
  const taken = "a picture, a .safetensors or .ckpt model or text";
  return nothing(
    `${file.name} is nothing that can be used here.`,
    file.name,
    taken,
    file.type || "an unknown type",
  );
}

function findInText(text: string, models: readonly ModelRecord[], hashes: TensorHashes): Finding {
  if (recogniseAddress(text)?.certain) return { kind: "address", address: text.trim() };
  const restorable = readRestorable(text, models, hashes);
  return restorable ? { kind: "recipe", restorable } : { kind: "prompt", text };
}

/** Models that are folders themselves, and the model files in all others. */
async function findInFolders(folders: readonly FileSystemDirectoryEntry[]): Promise<readonly Finding[]> {
  try {
    const contents = sortFolder(await readDroppedFolders(folders));
    const files = contents.files.filter(({ name }) => MODEL_FILE.test(name));
    const found: readonly Finding[] = [
      ...contents.models.map((entries): Finding => ({ kind: "folder", entries })),
      ...files.map((file): Finding => ({ kind: "model", file })),
    ];
    if (found.length > 0) return found;
  } catch (error) {
    return [{ kind: "nothing", error: serializeError(error) }];
  }
  const name = folders.map((folder) => folder.name).join(", ");
  const expected = "a model_index.json or model files in it";
  return [nothing(`${name} holds no model.`, name, expected, "a folder without them")];
}

/** One finding for each file and each model of a folder, or one for the text. */
export async function findDropped(
  { files, handles = [], folders = [], text }: Dropped,
  models: readonly ModelRecord[],
  hashes: TensorHashes = new Map(),
): Promise<readonly Finding[]> {
  if (files.length + folders.length === 0) return [findInText(text, models, hashes)];
  const inFolders = folders.length > 0 ? await findInFolders(folders) : [];
  const inFiles = files.map(async (file, i): Promise<Finding> => {
    const finding = await findInFile(file, models, hashes);
    const handle = finding.kind === "model" ? await handles[i]?.catch(() => undefined) : undefined;
    return handle ? { kind: "model", file, handle } : finding;
  });
  return [...(await Promise.all(inFiles)), ...inFolders];
}
