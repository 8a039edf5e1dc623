// Finds model files, and what stands beside them, in a folder outside the browser's storage. Reads names, sizes and dates.

import type { FolderEntry } from "../../protocol/library-api.ts";
import { MODEL_FILE } from "../../protocol/model-file-name.ts";

// A folder of models is a few levels deep; a linked home directory must not keep the worker busy for minutes.
const MAX_DEPTH = 6;
const MAX_FILES = 20_000;
// Where it lies, the folder around it is one model, however many files of weights there are below.
const MODEL_INDEX = "model_index.json";

interface Found {
  /** Below the folder, with "/". */
  readonly path: string;
  readonly bytes: number;
  /** Of the file that changed last. */
  readonly modifiedAt: number;
}

export interface FoundFile extends Found {
  readonly file: File;
  /** Other files of the same folder. */
  readonly beside: readonly FileSystemFileHandle[];
}

/** A model that is published as a folder. */
export interface FoundFolder extends Found {
  readonly entries: readonly FolderEntry[];
}

export type FoundModel = FoundFile | FoundFolder;

interface Listing {
  readonly files: readonly FileSystemFileHandle[];
  readonly folders: readonly FileSystemDirectoryHandle[];
}

/** Files that change while it looks, or cannot be read, are left for the next time. */
export async function scanFolder(root: FileSystemDirectoryHandle): Promise<readonly FoundModel[]> {
  const found: FoundModel[] = [];
  let budget = MAX_FILES;
  const list = async (folder: FileSystemDirectoryHandle): Promise<Listing> => {
    const files: FileSystemFileHandle[] = [];
    const folders: FileSystemDirectoryHandle[] = [];
    for await (const handle of folder.values()) {
      if (--budget < 0) break;
      // Version control and download tools keep copies of weights under such names.
      if (handle.name.startsWith(".")) continue;
      if (handle.kind === "file") files.push(handle);
      else folders.push(handle);
    }
    return { files, folders };
  };
  const readAll = async ({ files, folders }: Listing, path: string): Promise<readonly FolderEntry[]> => {
    const own = await Promise.all(
      files.map(async (handle) => {
        const file = await handle.getFile().catch(() => undefined);
        return file ? [{ path: path + handle.name, file }] : [];
      }),
    );
    const entries: FolderEntry[] = own.flat();
    for (const inner of folders) entries.push(...(await readAll(await list(inner), `${path}${inner.name}/`)));
    return entries;
  };
  const visit = async (folder: FileSystemDirectoryHandle, path: string, depth: number): Promise<void> => {
    const listing = await list(folder);
    if (listing.files.some(({ name }) => name === MODEL_INDEX)) {
      const entries = await readAll(listing, `${folder.name}/`);
      found.push({ path: path.slice(0, -1) || folder.name, ...sumOf(entries), entries });
      return;
    }
    const models = listing.files.filter(({ name }) => MODEL_FILE.test(name));
    const beside = listing.files.filter(({ name }) => !MODEL_FILE.test(name));
    for (const handle of models) {
      const file = await handle.getFile().catch(() => undefined);
      if (file) found.push({ path: path + handle.name, ...sumOf([{ file }]), file, beside });
    }
    if (depth === MAX_DEPTH) return;
    for (const inner of listing.folders) await visit(inner, `${path}${inner.name}/`, depth + 1);
  };
  await visit(root, "", 1);
  return found;
}

function sumOf(entries: readonly Pick<FolderEntry, "file">[]): Pick<Found, "bytes" | "modifiedAt"> {
  return entries.reduce(
    ({ bytes, modifiedAt }, { file }) => ({
      bytes: bytes + file.size,
      modifiedAt: Math.max(modifiedAt, file.lastModified),
    }),
    { bytes: 0, modifiedAt: 0 },
  );
}

/** Sidecars and pictures of one model, read only when it is imported. */
export async function filesBeside(model: FoundFile): Promise<readonly File[]> {
  const base = model.file.name.replace(MODEL_FILE, "").toLowerCase();
  const ours = model.beside.filter(({ name }) => name.toLowerCase().startsWith(`${base}.`));
  const files = await Promise.all(ours.map((handle) => handle.getFile().catch(() => undefined)));
  return files.filter((file) => file !== undefined);
}
