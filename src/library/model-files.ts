// Model files in the origin private file system: models/<id>/<file>, and models/incoming/ for what is not whole yet.
// Knows folders and bytes only; which models exist is the database's.

const FOLDER = "models";
const INCOMING = "incoming";
const MAX_NAME_LENGTH = 120;

// Declared here because no type library that both the worker and the test programs use has them.
interface SyncAccessHandle {
  write(bytes: Uint8Array<ArrayBuffer>, options: { at: number }): number;
  getSize(): number;
  flush(): void;
  close(): void;
}
interface WritableFileHandle {
  createSyncAccessHandle(): Promise<SyncAccessHandle>;
  move(folder: FileSystemDirectoryHandle, name: string): Promise<void>;
}

/** A file being received. Ends with `keep` or `discard`; a failed `keep` still needs `discard`. */
export interface IncomingFile {
  /** Appends; throws QuotaExceededError when the disk is full. */
  write(chunk: Uint8Array<ArrayBuffer>): void;
  /** Bytes on disk. */
  size(): number;
  /** Gives the file its final place, which is the moment it exists for everyone else. */
  keep(id: string, fileName: string): Promise<void>;
  discard(): Promise<void>;
}

export interface MovableFile {
  moveTo(folder: FileSystemDirectoryHandle, name: string): Promise<void>;
  remove(): Promise<void>;
}

export interface ModelFiles {
  receive(): Promise<IncomingFile>;
  /** A file that was written elsewhere in the private file system; `part` is how it moves and goes. */
  adopt(part: MovableFile): Pick<IncomingFile, "keep" | "discard">;
  open(id: string, fileName: string): Promise<File | undefined>;
  /** Removes all files of a model; absent ones are fine. */
  remove(id: string): Promise<void>;
  /** Removes what a crash left: unfinished files, and files of models that are not in `ids`. */
  tidy(ids: ReadonlySet<string>): Promise<void>;
}

/** A name that any file system takes, without paths and control characters. */
export function safeFileName(name: string): string {
  // eslint-disable-next-line no-control-regex
  const clean = name.replace(/[\u0000-\u001f\u007f<>:"/\\|?*]+/g, "_").replace(/^[. ]+|[. ]+$/g, "");
  if (clean.length <= MAX_NAME_LENGTH) return clean || "model.safetensors";
  const dot = clean.lastIndexOf(".");
  const extension = dot > 0 && clean.length - dot <= 16 ? clean.slice(dot) : "";
  return clean.slice(0, MAX_NAME_LENGTH - extension.length) + extension;
}

async function withoutError(work: Promise<unknown>): Promise<void> {
  await work.catch(() => undefined);
}

export function unlessAbsent(error: unknown): undefined {
  if (error instanceof DOMException && error.name === "NotFoundError") return undefined;
  throw error;
}

/** Must run in a dedicated worker to receive files; opening them works anywhere. */
export async function openModelFiles(): Promise<ModelFiles> {
  const root = await (await navigator.storage.getDirectory()).getDirectoryHandle(FOLDER, { create: true });
  return {
    async receive() {
      const incoming = await root.getDirectoryHandle(INCOMING, { create: true });
      return await receiveInto(root, incoming, `${crypto.randomUUID()}.part`);
    },
    adopt: (part) => ({
      keep: async (id, fileName) => {
        await part.moveTo(await root.getDirectoryHandle(id, { create: true }), fileName);
      },
      discard: () => part.remove(),
    }),
    async open(id, fileName) {
      const folder = await root.getDirectoryHandle(id).catch(unlessAbsent);
      const handle = await folder?.getFileHandle(fileName).catch(unlessAbsent);
      return await handle?.getFile();
    },
    async remove(id) {
      await root.removeEntry(id, { recursive: true }).catch(unlessAbsent);
    },
    async tidy(ids) {
      const names: string[] = [];
      for await (const name of root.keys()) names.push(name);
      for (const name of names) {
        // A file that another tab still writes is locked by it and stays.
        if (!ids.has(name)) await withoutError(root.removeEntry(name, { recursive: true }));
      }
    },
  };
}

async function receiveInto(
  root: FileSystemDirectoryHandle,
  incoming: FileSystemDirectoryHandle,
  partName: string,
): Promise<IncomingFile> {
  const created: unknown = await incoming.getFileHandle(partName, { create: true });
  const handle = created as WritableFileHandle;
  const access = await handle.createSyncAccessHandle();
  let position = 0;
  return {
    write(chunk) {
      // A full disk may also show as a short write.
      const written = access.write(chunk, { at: position });
      if (written !== chunk.byteLength) throw new DOMException("Short write.", "QuotaExceededError");
      position += written;
    },
    size: () => access.getSize(),
    async keep(id, fileName) {
      access.flush();
      access.close();
      const folder = await root.getDirectoryHandle(id, { create: true });
      await handle.move(folder, fileName);
    },
    async discard() {
      access.close();
      await withoutError(incoming.removeEntry(partName));
    },
  };
}
