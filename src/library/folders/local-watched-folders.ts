// Folders outside the browser's storage whose new model files are imported by themselves, with the sidecars beside them.
// Never writes into them.

import { isAppError, serializeError } from "../../protocol/app-error.ts";
import type { FolderEntry, ModelRecord } from "../../protocol/library-api.ts";
import type {
  WatchedFolder,
  WatchedFolderEvent,
  WatchedFolders,
} from "../../protocol/watched-folders-api.ts";
import type { LibraryDatabase, StoredFolder } from "../library-database.ts";
import { baseName } from "../metadata/sidecars/sidecar-files.ts";
import { filesBeside, type FoundModel, scanFolder } from "./scan-folder.ts";

const LOOKING = "kiln-watched-folders";
// Where the browser does not tell of changes by itself.
const INTERVAL_MS = 30_000;
// A file younger than this may still be copied.
const SETTLED_MS = 3_000;

// Declared here because no type library has them yet.
interface FolderObserver {
  observe(handle: FileSystemDirectoryHandle, options: { readonly recursive: boolean }): Promise<void>;
  disconnect(): void;
}
type FolderObserverConstructor = new (callback: () => void) => FolderObserver;
interface WithPermission {
  queryPermission?(options: { readonly mode: "read" }): Promise<PermissionState>;
}

export interface FolderContext {
  readonly database: LibraryDatabase;
  importFile(file: File): Promise<ModelRecord>;
  importFolder(entries: readonly FolderEntry[]): Promise<ModelRecord>;
  addSidecars(id: string, base: string, files: readonly File[]): Promise<void>;
  /** Shorter in tests. */
  readonly settledMs?: number;
}

interface Watch {
  readonly how: WatchedFolder["watches"];
  lookSoon(): void;
  end(): void;
}

// Must import a file once: neither a failure nor a model that was removed later brings it back by itself.
// Must look from one tab at a time.
export class LocalWatchedFolders implements WatchedFolders {
  readonly #context: FolderContext;
  readonly #watches = new Map<string, Watch>();
  #listener: (event: WatchedFolderEvent) => void = () => undefined;

  constructor(context: FolderContext) {
    this.#context = context;
  }

  /** Watches what was watched before, as far as the browser still allows it. */
  async start(): Promise<void> {
    for (const folder of await this.#context.database.getAll("watched")) {
      if ((await permissionOf(folder.handle)) === "granted") await this.#watch(folder);
    }
  }

  subscribe(listener: (event: WatchedFolderEvent) => void): Promise<void> {
    this.#listener = listener;
    return Promise.resolve();
  }

  async list(): Promise<readonly WatchedFolder[]> {
    const stored = await this.#context.database.getAll("watched");
    return await Promise.all(stored.map((folder) => this.#describe(folder)));
  }

  async add(handle: FileSystemDirectoryHandle): Promise<WatchedFolder> {
    for (const known of await this.#context.database.getAll("watched")) {
      if (await known.handle.isSameEntry(handle)) return await this.#describe(known);
    }
    const folder: StoredFolder = { id: crypto.randomUUID(), handle, seen: {}, lookedAt: 0 };
    await this.#context.database.put("watched", folder);
    await this.#watch(folder);
    this.#listener({ type: "changed" });
    return await this.#describe(folder);
  }

  async remove(id: string): Promise<void> {
    this.#watches.get(id)?.end();
    this.#watches.delete(id);
    await this.#context.database.delete("watched", id);
    this.#listener({ type: "changed" });
  }

  async rescan(id: string): Promise<void> {
    const folder = await this.#context.database.get("watched", id);
    if (!folder) return;
    if (!this.#watches.has(id)) await this.#watch(folder);
    await navigator.locks.request(LOOKING, () => this.#look(id));
  }

  dispose(): void {
    for (const watch of this.#watches.values()) watch.end();
    this.#watches.clear();
  }

  async #watch({ id, handle }: StoredFolder): Promise<void> {
    this.#watches.get(id)?.end();
    let soon: ReturnType<typeof setTimeout> | undefined;
    const lookSoon = (): void => {
      clearTimeout(soon);
      // Many changes come at once, and a file that is being copied is not ready yet.
      soon = setTimeout(() => void this.rescan(id).catch(() => undefined), this.#settledMs);
    };
    const observer = await observe(handle, lookSoon);
    const timer = observer ? undefined : setInterval(lookSoon, INTERVAL_MS);
    this.#watches.set(id, {
      how: observer ? "at-once" : "now-and-then",
      lookSoon,
      end() {
        observer?.disconnect();
        clearInterval(timer);
        clearTimeout(soon);
      },
    });
    lookSoon();
  }

  async #look(id: string): Promise<void> {
    const { database } = this.#context;
    const folder = await database.get("watched", id);
    if (!folder || (await permissionOf(folder.handle)) !== "granted") return;
    const seen: Record<string, string> = { ...folder.seen };
    const found = await scanFolder(folder.handle);
    // A file made by a page of the browser stays empty until it is closed.
    const fresh = found.filter((model) => model.bytes > 0 && seen[model.path] !== stampOf(model));
    let unsettled = false;
    for (const model of fresh) {
      if (Date.now() - model.modifiedAt < this.#settledMs) {
        unsettled = true;
        continue;
      }
      if (!(await this.#import(id, model))) break;
      seen[model.path] = stampOf(model);
      // Kept at once: a crash must not import a folder of large files again.
      await this.#keep(id, { seen });
    }
    await this.#keep(id, { seen, lookedAt: Date.now() });
    this.#listener({ type: "changed" });
    if (unsettled) this.#watches.get(id)?.lookSoon();
  }

  /** False when the next files need not be tried. */
  async #import(folderId: string, model: FoundModel): Promise<boolean> {
    const { path } = model;
    this.#listener({ type: "importing", folderId, path });
    try {
      const id = await this.#take(model);
      this.#listener({ type: "imported", folderId, path, modelId: id });
      return true;
    } catch (error) {
      this.#listener({ type: "failed", folderId, path, error: serializeError(error) });
      // The next files would not fit either; this one is tried again when there is room.
      return !isAppError(error, "StorageFull");
    }
  }

  async #take(model: FoundModel): Promise<string> {
    const { importFile, importFolder, addSidecars } = this.#context;
    if ("entries" in model) return (await importFolder(model.entries)).id;
    const { id } = await importFile(model.file);
    await addSidecars(id, baseName(model.file.name), await filesBeside(model));
    return id;
  }

  /** Nothing to keep when the folder was removed meanwhile. */
  async #keep(id: string, change: Partial<StoredFolder>): Promise<void> {
    const { store, done } = this.#context.database.transaction("watched", "readwrite");
    const folder = await store.get(id);
    if (folder) await store.put({ ...folder, ...change });
    await done;
  }

  async #describe({ id, handle, seen, lookedAt }: StoredFolder): Promise<WatchedFolder> {
    return {
      id,
      handle,
      name: handle.name,
      permission: await permissionOf(handle),
      watches: this.#watches.get(id)?.how ?? "not",
      modelFiles: Object.keys(seen).length,
      lookedAt,
    };
  }

  get #settledMs(): number {
    return this.#context.settledMs ?? SETTLED_MS;
  }
}

function stampOf({ bytes, modifiedAt }: FoundModel): string {
  return `${bytes} ${modifiedAt}`;
}

async function permissionOf(handle: FileSystemDirectoryHandle): Promise<PermissionState> {
  return (await (handle as WithPermission).queryPermission?.({ mode: "read" })) ?? "granted";
}

/** undefined where the browser has no such observer, or not for this folder. */
async function observe(
  handle: FileSystemDirectoryHandle,
  changed: () => void,
): Promise<FolderObserver | undefined> {
  const Observer = (globalThis as { FileSystemObserver?: FolderObserverConstructor }).FileSystemObserver;
  if (!Observer) return undefined;
  const observer = new Observer(changed);
  try {
    await observer.observe(handle, { recursive: true });
    return observer;
  } catch {
    observer.disconnect();
    return undefined;
  }
}
