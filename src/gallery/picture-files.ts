// Where picture files and thumbnails lie: the origin private file system, or IndexedDB where pages cannot write to it.
// Knows names and bytes only; records are the gallery store's.

import type { PageDatabase } from "./page-database.ts";

const FOLDER = "pictures";

// Must write whole files or nothing, so that a crash never leaves half a picture under its final name.
// Must treat removing an absent file as done.
export interface PictureFiles {
  write(name: string, file: Blob): Promise<void>;
  open(name: string): Promise<Blob | undefined>;
  remove(name: string): Promise<void>;
  names(): Promise<readonly string[]>;
  /** Sum of all files. */
  bytes(): Promise<number>;
}

function isNotFound(error: unknown): boolean {
  return error instanceof DOMException && error.name === "NotFoundError";
}

/** Files in a folder of the origin private file system. */
export function privateFiles(folder: FileSystemDirectoryHandle): PictureFiles {
  return {
    async write(name, file) {
      const handle = await folder.getFileHandle(name, { create: true });
      // The stream writes beside the file and replaces it on close.
      const stream = await handle.createWritable();
      try {
        await stream.write(file);
        await stream.close();
      } catch (error) {
        await stream.abort().catch(() => undefined);
        await this.remove(name).catch(() => undefined);
        throw error;
      }
    },
    async open(name) {
      try {
        return await (await folder.getFileHandle(name)).getFile();
      } catch (error) {
        if (isNotFound(error)) return undefined;
        throw error;
      }
    },
    async remove(name) {
      try {
        await folder.removeEntry(name);
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    },
    async names() {
      const names: string[] = [];
      for await (const name of folder.keys()) names.push(name);
      return names;
    },
    async bytes() {
      let bytes = 0;
      for await (const handle of folder.values()) {
        if (handle.kind === "file") bytes += (await handle.getFile()).size;
      }
      return bytes;
    },
  };
}

/** Files as blobs of the page's database. */
export function databaseFiles(database: PageDatabase): PictureFiles {
  return {
    async write(name, file) {
      await database.put("files", file, name);
    },
    open: (name) => database.get("files", name),
    remove: (name) => database.delete("files", name),
    names: () => database.getAllKeys("files"),
    async bytes() {
      return (await database.getAll("files")).reduce((sum, file) => sum + file.size, 0);
    },
  };
}

/** Takes the file system where it works; some private modes have the API and refuse to open it. */
export async function openPictureFiles(database: PageDatabase): Promise<PictureFiles> {
  if (typeof FileSystemFileHandle === "undefined" || !("createWritable" in FileSystemFileHandle.prototype)) {
    return databaseFiles(database);
  }
  try {
    const root = await navigator.storage.getDirectory();
    return privateFiles(await root.getDirectoryHandle(FOLDER, { create: true }));
  } catch {
    return databaseFiles(database);
  }
}
