// Copies of model files on their way out of the browser's storage, with progress. Removes nothing.

import { serializeError, type SerializedError } from "../../protocol/app-error.ts";
import type { LibraryStorage } from "../../protocol/library-storage.ts";
import { downloadBlob } from "../download.ts";
import { Observable } from "./observable.ts";

export interface SavingState {
  readonly saving?: { readonly name: string; readonly bytesDone: number; readonly bytesTotal: number };
  readonly error?: SerializedError;
}

/** "written": every byte is in its new place. "handed-over": the browser's own download does the rest, unseen. */
export type SaveOutcome = "written" | "handed-over" | "cancelled" | "failed";

/** Asks the user where a file should go; undefined when they would rather not. */
export type PickTarget = (name: string) => Promise<FileSystemFileHandle | undefined>;

// Declared here because no type library has it: only Chromium lets a page write to files that the user picks.
interface WithSavePicker {
  showSaveFilePicker?(options: { readonly suggestedName: string }): Promise<FileSystemFileHandle>;
}

// A gigabyte arrives in thousands of chunks; ten redraws a second are enough.
const TELL_MS = 100;

/** Undefined where the browser cannot do it; files then leave as ordinary downloads. */
export function savePicker(): PickTarget | undefined {
  const host = globalThis as WithSavePicker;
  if (!host.showSaveFilePicker) return undefined;
  return async (suggestedName) => {
    try {
      return await host.showSaveFilePicker!({ suggestedName });
    } catch (error) {
      if (error instanceof DOMException && error.name === "AbortError") return undefined;
      throw error;
    }
  };
}

export class SavingController {
  readonly state = new Observable<SavingState>({});
  readonly #storage: LibraryStorage;
  readonly #pickTarget: PickTarget | undefined;

  constructor(storage: LibraryStorage, pickTarget = savePicker()) {
    this.#storage = storage;
    this.#pickTarget = pickTarget;
  }

  /** Whether the end of a copy can be seen, without which nothing may be removed after it. */
  get seesTheEnd(): boolean {
    return this.#pickTarget !== undefined;
  }

  async save(modelId: string, fileName: string): Promise<SaveOutcome> {
    if (this.state.value.saving) return "cancelled";
    try {
      // The picker first: it only opens while the click that asked for it is fresh.
      const target = await this.#pickTarget?.(fileName);
      if (this.#pickTarget && !target) return "cancelled";
      const file = await this.#storage.openFile(modelId);
      if (!target) {
        downloadBlob(file, fileName);
        return "handed-over";
      }
      await this.#write(file, target);
      return "written";
    } catch (error) {
      this.state.patch({ error: serializeError(error) });
      return "failed";
    } finally {
      this.state.patch({ saving: undefined });
    }
  }

  dismissError(): void {
    this.state.patch({ error: undefined });
  }

  /** A copy that breaks off leaves the target as it was: the browser swaps the new file in at the end. */
  async #write(file: File, target: FileSystemFileHandle): Promise<void> {
    const { name } = target;
    let bytesDone = 0;
    let told = 0;
    const count = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
      transform: (chunk, controller) => {
        bytesDone += chunk.byteLength;
        controller.enqueue(chunk);
        if (performance.now() - told < TELL_MS) return;
        told = performance.now();
        this.state.patch({ saving: { name, bytesDone, bytesTotal: file.size } });
      },
    });
    await file
      .stream()
      .pipeThrough(count)
      .pipeTo(await target.createWritable());
  }
}
