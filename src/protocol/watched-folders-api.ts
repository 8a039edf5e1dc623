// The wall between the page and the watched folders of the library worker. Plain data and file system handles only.

import type { SerializedError } from "./app-error.ts";

export interface WatchedFolder {
  readonly id: string;
  readonly name: string;
  /** "prompt": the browser wants a click first; call `requestPermission` on `handle` in a click, then `rescan`. */
  readonly permission: "granted" | "prompt" | "denied";
  readonly handle: FileSystemDirectoryHandle;
  /** Told by the browser at once, or looked at every now and then. */
  readonly watches: "at-once" | "now-and-then" | "not";
  readonly modelFiles: number;
  /** Milliseconds since the epoch; 0 before the first look. */
  readonly lookedAt: number;
}

export type WatchedFolderEvent =
  | { readonly type: "changed" }
  | { readonly type: "importing"; readonly folderId: string; readonly path: string }
  | { readonly type: "imported"; readonly folderId: string; readonly path: string; readonly modelId: string }
  | {
      readonly type: "failed";
      readonly folderId: string;
      readonly path: string;
      readonly error: SerializedError;
    };

/** Implemented in the library worker, mirrored by client/. New model files are imported with the sidecars beside them. */
export interface WatchedFolders {
  subscribe(listener: (event: WatchedFolderEvent) => void): Promise<void>;
  list(): Promise<readonly WatchedFolder[]>;
  /** From `showDirectoryPicker()`. A folder that is watched already is not added twice. */
  add(handle: FileSystemDirectoryHandle): Promise<WatchedFolder>;
  /** Models that came from it stay. */
  remove(id: string): Promise<void>;
  /** Looks now. Resolves when everything new is imported. */
  rescan(id: string): Promise<void>;
}
