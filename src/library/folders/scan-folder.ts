// Finds model files, and what stands beside them, in a folder outside the browser's storage. Reads names, sizes and dates.

import { MODEL_FILE } from "../metadata/sidecars/sidecar-files.ts";

// A folder of models is a few levels deep; a linked home directory must not keep the worker busy for minutes.
const MAX_DEPTH = 6;
const MAX_FILES = 20_000;

export interface FoundModel {
  /** Below the folder, with "/". */
  readonly path: string;
  readonly file: File;
  /** Other files of the same folder. */
  readonly beside: readonly FileSystemFileHandle[];
}

/** Files that change while it looks, or cannot be read, are left for the next time. */
export async function scanFolder(root: FileSystemDirectoryHandle): Promise<readonly FoundModel[]> {
  const found: FoundModel[] = [];
  let budget = MAX_FILES;
  const visit = async (folder: FileSystemDirectoryHandle, path: string, depth: number): Promise<void> => {
    const files: FileSystemFileHandle[] = [];
    const folders: FileSystemDirectoryHandle[] = [];
    for await (const handle of folder.values()) {
      if (--budget < 0) break;
      if (handle.kind === "file") files.push(handle);
      else folders.push(handle);
    }
    const models = files.filter(({ name }) => MODEL_FILE.test(name));
    const beside = files.filter(({ name }) => !MODEL_FILE.test(name));
    for (const handle of models) {
      const file = await handle.getFile().catch(() => undefined);
      if (file) found.push({ path: path + handle.name, file, beside });
    }
    if (depth === MAX_DEPTH) return;
    for (const inner of folders) await visit(inner, `${path}${inner.name}/`, depth + 1);
  };
  await visit(root, "", 1);
  return found;
}

/** Sidecars and pictures of one model, read only when it is imported. */
export async function filesBeside(model: FoundModel): Promise<readonly File[]> {
  const base = model.file.name.replace(MODEL_FILE, "").toLowerCase();
  const ours = model.beside.filter(({ name }) => name.toLowerCase().startsWith(`${base}.`));
  const files = await Promise.all(ours.map((handle) => handle.getFile().catch(() => undefined)));
  return files.filter((file) => file !== undefined);
}
