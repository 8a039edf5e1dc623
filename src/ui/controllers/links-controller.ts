// Models whose files stay where the user keeps them: taking them in, asking the browser for leave again, looking at what
// changed. Reads no file itself.

import { msg, str } from "@lit/localize";
import { serializeError, type SerializedError } from "../../protocol/app-error.ts";
import type { ImportProgress, ModelRecord } from "../../protocol/library-api.ts";
import type { LinkedFile, LinkedFiles, LinkedFileState } from "../../protocol/linked-files.ts";
import type { ModelsController } from "./models-controller.ts";
import { Observable } from "./observable.ts";
import type { ToastController } from "./toast-controller.ts";

export interface LinksState {
  /** By the model's id. */
  readonly files: ReadonlyMap<string, LinkedFile>;
  /** A file that is being read again. */
  readonly checking?: ImportProgress;
  readonly error?: SerializedError;
}

/** Asks the user for files; none when they would rather not. */
export type PickFiles = () => Promise<readonly FileSystemFileHandle[]>;

// Declared here because no type library has them: only Chromium lets a page read files again and again.
interface WithFilePicker {
  showOpenFilePicker?(options: { readonly multiple: true }): Promise<readonly FileSystemFileHandle[]>;
}
interface WithPermission {
  requestPermission?(options: { readonly mode: "read" }): Promise<PermissionState>;
}

/** Undefined where the browser cannot do it. */
export function filePicker(): PickFiles | undefined {
  const host = globalThis as WithFilePicker;
  if (!host.showOpenFilePicker) return undefined;
  return async () => {
    try {
      return await host.showOpenFilePicker!({ multiple: true });
    } catch (error) {
      if (error instanceof DOMException && error.name === "AbortError") return [];
      throw error;
    }
  };
}

export class LinksController {
  readonly state = new Observable<LinksState>({ files: new Map() });
  readonly #links: LinkedFiles;
  readonly #models: ModelsController;
  readonly #toasts: ToastController;
  readonly #pickFiles: PickFiles | undefined;
  #known: readonly ModelRecord[] = [];

  constructor(
    parts: {
      readonly links: LinkedFiles;
      readonly models: ModelsController;
      readonly toasts: ToastController;
    },
    pickFiles = filePicker(),
  ) {
    this.#links = parts.links;
    this.#models = parts.models;
    this.#toasts = parts.toasts;
    this.#pickFiles = pickFiles;
    this.#models.state.subscribe(({ models }) => {
      if (models === this.#known) return;
      this.#known = models;
      void this.refresh();
    });
  }

  get supported(): boolean {
    return this.#pickFiles !== undefined;
  }

  /** Must be called in a click. */
  async add(): Promise<void> {
    await this.#attempt(async () => await this.link((await this.#pickFiles?.()) ?? []));
  }

  async link(handles: readonly FileSystemFileHandle[]): Promise<void> {
    for (const handle of handles) {
      const record = await this.#models.linkFile(handle);
      if (record?.linked) this.#toasts.show(msg(str`${record.name} is used where it is.`));
      else if (record) this.#toasts.show(msg(str`${record.name} is in the library already.`));
    }
  }

  /** Asks the browser for these models' files. Must be called in a click. */
  async allow(ids: readonly string[]): Promise<void> {
    await this.#attempt(async () => {
      for (const id of ids) {
        const handle = this.state.value.files.get(id)?.handle as WithPermission | undefined;
        // One refusal answers for all: nobody wants to say no twenty times.
        if ((await handle?.requestPermission?.({ mode: "read" })) === "denied") break;
      }
    });
    await this.refresh();
  }

  /** The same for every model whose file is locked. */
  allowAll(): Promise<void> {
    return this.allow(
      [...this.state.value.files].flatMap(([id, { state }]) => (state === "ask" ? [id] : [])),
    );
  }

  /** Reads a changed file whole and tells whether it is still the same model. */
  async check(id: string): Promise<void> {
    await this.#attempt(async () => {
      const state = await this.#links.check(id, (checking) => this.state.patch({ checking }));
      this.#toasts.show(CHECKED[state]());
    });
    this.state.patch({ checking: undefined });
    await this.refresh();
  }

  /** The file as it is now becomes a model of its own, in place of the one that it was. */
  async renew(id: string): Promise<void> {
    const handle = this.state.value.files.get(id)?.handle;
    const record = handle && (await this.#models.linkFile(handle));
    if (!record) return;
    this.#toasts.show(msg(str`${record.name} is used where it is.`));
    if (record.id !== id) await this.#models.remove(id);
  }

  dismissError(): void {
    this.state.patch({ error: undefined });
  }

  async refresh(): Promise<void> {
    const linked = this.#known.some((record) => record.linked);
    if (!linked && this.state.value.files.size === 0) return;
    await this.#attempt(async () => {
      const files = linked ? await this.#links.list() : [];
      this.state.patch({ files: new Map(files.map((file) => [file.modelId, file])) });
    });
  }

  async #attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.state.patch({ error: serializeError(error) });
    }
  }
}

const CHECKED: Readonly<Record<LinkedFileState, () => string>> = {
  ready: () => msg("The file is the same as before."),
  changed: () => msg("The file is another one now."),
  missing: () => msg("The file is gone."),
  ask: () => msg("The browser does not let Kiln read the file."),
};
