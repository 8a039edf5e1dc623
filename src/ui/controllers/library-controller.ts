// Work on many models one after the other: hashes and single lookups, with progress and a way to stop. Owns no models.

import { msg, str } from "@lit/localize";
import { serializeError, type SerializedError } from "../../protocol/app-error.ts";
import type { ModelHashing } from "../../protocol/model-hashes.ts";
import type { MetadataController } from "./metadata-controller.ts";
import type { ModelsController } from "./models-controller.ts";
import { Observable } from "./observable.ts";
import type { ToastController } from "./toast-controller.ts";

export interface LibraryState {
  readonly hashing?: { readonly done: number; readonly total: number; readonly name: string };
  readonly error?: SerializedError;
}

export class LibraryController {
  readonly state = new Observable<LibraryState>({});
  readonly #hashes: ModelHashing;
  readonly #models: ModelsController;
  readonly #metadata: MetadataController;
  readonly #toasts: ToastController;
  #stopped = false;

  constructor(parts: {
    readonly hashes: ModelHashing;
    readonly models: ModelsController;
    readonly metadata: MetadataController;
    readonly toasts: ToastController;
  }) {
    this.#hashes = parts.hashes;
    this.#models = parts.models;
    this.#metadata = parts.metadata;
    this.#toasts = parts.toasts;
  }

  async hash(ids: readonly string[]): Promise<void> {
    if (this.state.value.hashing || ids.length === 0) return;
    this.#stopped = false;
    const { models } = this.#models.state.value;
    let done = 0;
    try {
      for (const id of ids) {
        if (this.#stopped) break;
        const name = models.find((model) => model.id === id)?.name ?? id;
        this.state.patch({ hashing: { done, total: ids.length, name } });
        await this.#hashes.compute(id);
        done++;
      }
      this.#toasts.show(msg(str`Hashes computed: ${done} of ${ids.length}.`));
    } catch (error) {
      if (!this.#stopped) this.state.patch({ error: serializeError(error) });
    } finally {
      this.state.patch({ hashing: undefined });
    }
  }

  /** First 12 digits of the SHA-256 of these models' tensors, by id, where they were computed before. */
  async tensorHashes(ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const known = await Promise.all(
      ids.map(async (id) => [id, (await this.#hashes.get(id))?.autoV3] as const),
    );
    return new Map(known.flatMap(([id, hash]) => (hash === undefined ? [] : [[id, hash] as const])));
  }

  async fetch(ids: readonly string[]): Promise<void> {
    let found = 0;
    for (const id of ids) if (await this.#metadata.fetchOne(id)) found++;
    if (found > 0) this.#toasts.show(msg(str`Metadata fetched: ${found} of ${ids.length}.`));
  }

  stop(): void {
    this.#stopped = true;
    void this.#hashes.stop();
  }

  dismissError(): void {
    this.state.patch({ error: undefined });
  }
}
