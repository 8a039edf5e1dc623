// The list of models and the import of new files, for every page that shows either. Reads no model file itself.

import { serializeError, type SerializedError } from "../../protocol/app-error.ts";
import type { FolderEntry, ImportProgress, Library, ModelRecord } from "../../protocol/library-api.ts";
import { Observable } from "./observable.ts";

export interface ModelsState {
  readonly models: readonly ModelRecord[];
  readonly loaded: boolean;
  /** The file being imported; the others wait their turn. */
  readonly importing?: ImportProgress;
  readonly waiting: number;
  /** Ids on their way out: taken off the lists while the removal can still be undone. */
  readonly hidden: readonly string[];
  readonly error?: SerializedError;
}

type Import = (onProgress: (progress: ImportProgress) => void) => Promise<ModelRecord>;

export class ModelsController {
  readonly state = new Observable<ModelsState>({ models: [], loaded: false, waiting: 0, hidden: [] });
  /** Resolves when the library has started; rejects when it cannot. */
  readonly ready: Promise<void>;
  readonly #library: Library;
  #imports: Promise<unknown> = Promise.resolve();

  constructor(library: Library, baseUrl: string) {
    this.#library = library;
    this.ready = library.start({ baseUrl });
    // Every caller awaits it again; this one only keeps an early failure from being "unhandled".
    this.ready.catch(() => undefined);
  }

  async load(): Promise<void> {
    try {
      await this.ready;
      this.state.patch({ models: await this.#library.listModels(), loaded: true });
    } catch (error) {
      this.state.patch({ loaded: true, error: serializeError(error) });
    }
  }

  /** Imports one file after the other. Undefined when it failed; the reason is in the state. */
  importFile(file: File): Promise<ModelRecord | undefined> {
    return this.#queue(file.name, file.size, (onProgress) => this.#library.importFile(file, onProgress));
  }

  /** The same for a model that is published as a folder. */
  importFolder(entries: readonly FolderEntry[]): Promise<ModelRecord | undefined> {
    const bytes = entries.reduce((sum, { file }) => sum + file.size, 0);
    const name = entries[0]?.path.split("/")[0] ?? "";
    return this.#queue(name, bytes, (onProgress) => this.#library.importFolder(entries, onProgress));
  }

  /** Takes a file in without copying it. */
  linkFile(handle: FileSystemFileHandle): Promise<ModelRecord | undefined> {
    return this.#queue(handle.name, 0, (onProgress) => this.#library.linkFile(handle, onProgress));
  }

  hide(...ids: readonly string[]): void {
    this.state.patch({ hidden: [...this.state.value.hidden, ...ids] });
  }

  unhide(...ids: readonly string[]): void {
    this.state.patch({ hidden: this.state.value.hidden.filter((hidden) => !ids.includes(hidden)) });
  }

  /** Goes on past one that cannot be removed. */
  async remove(...ids: readonly string[]): Promise<void> {
    for (const id of ids) {
      try {
        await this.#library.removeModel(id);
      } catch (error) {
        this.state.patch({ error: serializeError(error) });
      }
    }
    await this.load();
    this.unhide(...ids);
  }

  dismissError(): void {
    this.state.patch({ error: undefined });
  }

  #queue(fileName: string, bytesTotal: number, run: Import): Promise<ModelRecord | undefined> {
    this.state.patch({ waiting: this.state.value.waiting + 1, error: undefined });
    const record = this.#imports.then(() => this.#import({ fileName, bytesDone: 0, bytesTotal }, run));
    this.#imports = record;
    return record;
  }

  async #import(importing: ImportProgress, run: Import): Promise<ModelRecord | undefined> {
    const waiting = this.state.value.waiting - 1;
    this.state.patch({ waiting, importing });
    try {
      await this.ready;
      const record = await run((progress) => this.state.patch({ importing: progress }));
      await this.load();
      return record;
    } catch (error) {
      this.state.patch({ error: serializeError(error) });
      return undefined;
    } finally {
      this.state.patch({ importing: undefined });
    }
  }
}
