// Unfinished downloads in the origin private file system: downloads/<id>.part. Knows bytes only; the journal knows the rest.

import { type MovableFile, unlessAbsent } from "../model-files.ts";

const FOLDER = "downloads";
const SUFFIX = ".part";
// A worker that was just ended holds its file for a moment longer.
const BUSY_RETRIES = 20;
const BUSY_RETRY_MS = 100;

/** One part open for writing; no one else can open it until `close`. */
export interface PartFile {
  size(): number;
  /** @throws QuotaExceededError when the disk is full. */
  append(chunk: Uint8Array<ArrayBuffer>): void;
  /** Fills `buffer` from `start`; returns how many bytes there were. */
  read(buffer: Uint8Array<ArrayBuffer>, start: number): number;
  truncate(size: number): void;
  /** Makes what was written survive a crash. */
  flush(): void;
  close(): void;
}

export interface PartFiles {
  open(id: string): Promise<PartFile>;
  /** The closed part, to read or to move away; undefined when there is none. */
  find(id: string): Promise<StoredPart | undefined>;
  /** An absent part, or one that another worker has open, is no error. */
  remove(id: string): Promise<void>;
  /** Bytes of all parts. */
  totalBytes(): Promise<number>;
  /** Removes parts that are not in `ids`. */
  tidy(ids: ReadonlySet<string>): Promise<void>;
}

export interface StoredPart extends MovableFile {
  readonly file: File;
}

interface SyncAccess {
  read(buffer: Uint8Array<ArrayBuffer>, options: { at: number }): number;
  write(bytes: Uint8Array<ArrayBuffer>, options: { at: number }): number;
  truncate(size: number): void;
  getSize(): number;
  flush(): void;
  close(): void;
}

// Declared here because no type library that both the worker and the test programs use has them.
interface PartHandle extends FileSystemFileHandle {
  createSyncAccessHandle(): Promise<SyncAccess>;
  move(folder: FileSystemDirectoryHandle, name: string): Promise<void>;
}

/** Must run in a dedicated worker. */
export async function openPartFiles(): Promise<PartFiles> {
  const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle(FOLDER, { create: true });
  const handleOf = async (id: string, create: boolean): Promise<PartHandle> =>
    (await folder.getFileHandle(id + SUFFIX, { create })) as PartHandle;
  const allNames = async (): Promise<string[]> => {
    const names: string[] = [];
    for await (const name of folder.keys()) names.push(name);
    return names;
  };
  const removeName = (name: string): Promise<void> => folder.removeEntry(name).catch(() => undefined);
  return {
    open: async (id) => partFile(await openWhenFree(await handleOf(id, true))),
    async find(id) {
      const handle = await handleOf(id, false).catch(unlessAbsent);
      if (!handle) return undefined;
      return {
        file: await handle.getFile(),
        moveTo: (target, name) => handle.move(target, name),
        remove: () => removeName(id + SUFFIX),
      };
    },
    remove: (id) => removeName(id + SUFFIX),
    async totalBytes() {
      let bytes = 0;
      for (const name of await allNames()) {
        const handle = await folder.getFileHandle(name).catch(unlessAbsent);
        bytes += (await handle?.getFile())?.size ?? 0;
      }
      return bytes;
    },
    async tidy(ids) {
      for (const name of await allNames()) {
        if (!ids.has(name.slice(0, -SUFFIX.length))) await removeName(name);
      }
    },
  };
}

async function openWhenFree(handle: PartHandle): Promise<SyncAccess> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await handle.createSyncAccessHandle();
    } catch (error) {
      const busy = error instanceof DOMException && error.name === "NoModificationAllowedError";
      if (!busy || attempt >= BUSY_RETRIES) throw error;
      await new Promise((resolve) => setTimeout(resolve, BUSY_RETRY_MS));
    }
  }
}

function partFile(access: SyncAccess): PartFile {
  let end = access.getSize();
  return {
    size: () => end,
    append(chunk) {
      const written = access.write(chunk, { at: end });
      // A full disk may also show as a short write; what was written of the chunk is hashed by nobody yet.
      if (written !== chunk.byteLength) {
        access.truncate(end);
        throw new DOMException("Short write.", "QuotaExceededError");
      }
      end += written;
    },
    read: (buffer, start) => access.read(buffer, { at: start }),
    truncate(size) {
      access.truncate(size);
      end = size;
    },
    flush: () => access.flush(),
    close: () => access.close(),
  };
}
