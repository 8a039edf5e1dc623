// Watched folders as the page shows them, and what the user does with them. Reads no folder itself.

import { serializeError, type SerializedError } from "../../protocol/app-error.ts";
import type {
  WatchedFolder,
  WatchedFolderEvent,
  WatchedFolders,
} from "../../protocol/watched-folders-api.ts";
import { Observable } from "./observable.ts";

export interface FoldersState {
  readonly folders: readonly WatchedFolder[];
  /** Path of the file being imported. */
  readonly importing?: string;
  readonly error?: SerializedError;
}

/** Asks the user for a folder; undefined when they would rather not. */
export type PickFolder = () => Promise<FileSystemDirectoryHandle | undefined>;

// Declared here because no type library has them: only Chromium lets a page look into folders again and again.
interface WithFolderPicker {
  showDirectoryPicker?(): Promise<FileSystemDirectoryHandle>;
}
interface WithPermission {
  requestPermission?(options: { readonly mode: "read" }): Promise<PermissionState>;
}

/** Undefined where the browser cannot do it. */
export function folderPicker(): PickFolder | undefined {
  const host = globalThis as WithFolderPicker;
  if (!host.showDirectoryPicker) return undefined;
  return async () => {
    try {
      return await host.showDirectoryPicker!();
    } catch (error) {
      if (error instanceof DOMException && error.name === "AbortError") return undefined;
      throw error;
    }
  };
}

export class FoldersController {
  readonly state = new Observable<FoldersState>({ folders: [] });
  readonly #folders: WatchedFolders;
  readonly #ready: Promise<void>;
  readonly #imported: () => void;
  readonly #pickFolder: PickFolder | undefined;

  /** `ready` resolves when the library has started; `imported` is told of every model that was found. */
  constructor(
    folders: WatchedFolders,
    ready: Promise<void>,
    imported: () => void,
    pickFolder = folderPicker(),
  ) {
    this.#folders = folders;
    this.#ready = ready;
    this.#imported = imported;
    this.#pickFolder = pickFolder;
  }

  get supported(): boolean {
    return this.#pickFolder !== undefined;
  }

  async load(): Promise<void> {
    await this.#attempt(async () => {
      await this.#ready;
      await this.#folders.subscribe((event) => this.#receive(event));
      await this.#list();
    });
  }

  async add(): Promise<void> {
    await this.#attempt(async () => {
      const handle = await this.#pickFolder?.();
      if (!handle) return;
      await this.#folders.add(handle);
      await this.#list();
    });
  }

  /** Must be called in a click: the browser may ask for the permission again after a restart. */
  async look({ id, handle, permission }: WatchedFolder): Promise<void> {
    await this.#attempt(async () => {
      if (permission !== "granted") await (handle as WithPermission).requestPermission?.({ mode: "read" });
      await this.#folders.rescan(id);
      await this.#list();
    });
  }

  async remove(id: string): Promise<void> {
    await this.#attempt(async () => {
      await this.#folders.remove(id);
      await this.#list();
    });
  }

  dismissError(): void {
    this.state.patch({ error: undefined });
  }

  #receive(event: WatchedFolderEvent): void {
    switch (event.type) {
      case "changed":
        void this.#attempt(() => this.#list());
        break;
      case "importing":
        this.state.patch({ importing: event.path });
        break;
      case "imported":
        this.state.patch({ importing: undefined });
        this.#imported();
        break;
      case "failed":
        this.state.patch({ importing: undefined, error: event.error });
        break;
      default:
        event satisfies never;
    }
  }

  async #list(): Promise<void> {
    this.state.patch({ folders: await this.#folders.list() });
  }

  async #attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.state.patch({ error: serializeError(error) });
    }
  }
}
