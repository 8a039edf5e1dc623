// Folders that were dropped or picked: their files with paths, and which of them are models published as folders. Reads
// names only.

import type { FolderEntry } from "../protocol/library-api.ts";
import { isShardOf, shardIndexStem } from "../protocol/model-file-name.ts";

export interface FolderContents {
  /** Each is one model; its entries' paths begin with the model's own folder. */
  readonly models: readonly (readonly FolderEntry[])[];
  /** What belongs to none of them. */
  readonly files: readonly File[];
}

// Published models have some thirty files; a whole home directory must not keep the page busy.
const MAX_FILES = 20_000;
const MODEL_INDEX = "model_index.json";
const NETWORK = /(unet|text[-_]?encoder|vae)[^/]*(\/[^/]*)?\.onnx$/i;

/** Must be called in the drop event, where `webkitGetAsEntry` gives the entries; they can be read later. */
export async function readDroppedFolders(
  folders: readonly FileSystemDirectoryEntry[],
): Promise<readonly FolderEntry[]> {
  const found: FolderEntry[] = [];
  const visit = async (folder: FileSystemDirectoryEntry, path: string): Promise<void> => {
    for (const entry of await listFolder(folder)) {
      if (found.length >= MAX_FILES) return;
      // Version control and browsers keep copies of weights under such names.
      if (entry.name.startsWith(".")) continue;
      const inner = `${path}/${entry.name}`;
      if (entry.isDirectory) await visit(entry as FileSystemDirectoryEntry, inner);
      else found.push({ path: inner, file: await openEntry(entry as FileSystemFileEntry) });
    }
  };
  for (const folder of folders) await visit(folder, folder.name);
  return found;
}

/** The files of `<input type="file" webkitdirectory>`. */
export function pickedFolder(files: Iterable<File>): readonly FolderEntry[] {
  return [...files]
    .map((file) => ({ path: file.webkitRelativePath || file.name, file }))
    .filter(({ path }) => !path.split("/").some((name) => name.startsWith(".")));
}

export function sortFolder(entries: readonly FolderEntry[]): FolderContents {
  const roots = entries
    .filter(({ path }) => path.endsWith(`/${MODEL_INDEX}`))
    .map(({ path }) => path.slice(0, -MODEL_INDEX.length));
  const outer = roots.filter((root) => !roots.some((other) => other !== root && root.startsWith(other)));
  const models = outer.map((root) => {
    const parents = root.lastIndexOf("/", root.length - 2) + 1;
    return entries
      .filter(({ path }) => path.startsWith(root))
      .map(({ path, file }): FolderEntry => ({ path: path.slice(parents), file }));
  });
  const loose = entries.filter(({ path }) => !outer.some((root) => path.startsWith(root)));
  const sharded = shardedFiles(loose);
  const files = loose.filter((entry) => !sharded.some((set) => set.includes(entry))).map(({ file }) => file);
  // Exported graphs may have no index. A folder of upscalers has graphs too, each a model of its own.
  const isExport = models.length === 0 && entries.some(({ path }) => NETWORK.test(path));
  if (isExport) return { models: [entries], files: [] };
  return { models: [...models, ...sharded.map(belowOwnFolder)], files };
}

/** Checkpoints in shards, each with the index that names them. */
function shardedFiles(entries: readonly FolderEntry[]): readonly (readonly FolderEntry[])[] {
  return entries.flatMap(({ path: indexPath }) => {
    const stem = shardIndexStem(indexPath);
    if (stem === undefined) return [];
    const set = entries.filter(({ path }) => path === indexPath || isShardOf(stem, path));
    return set.length > 1 ? [set] : [];
  });
}

/** The same, with paths that begin with the folder that the files lie in. */
function belowOwnFolder(entries: readonly FolderEntry[]): readonly FolderEntry[] {
  return entries.map(({ path, file }) => ({ path: path.split("/").slice(-2).join("/"), file }));
}

/** `readEntries` gives some hundred at a time, and none when there are no more. */
async function listFolder(folder: FileSystemDirectoryEntry): Promise<readonly FileSystemEntry[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (some.length === 0) return all;
    all.push(...some);
  }
}

function openEntry(entry: FileSystemFileEntry): Promise<File> {
  return new Promise((resolve, reject) => entry.file(resolve, reject));
}
