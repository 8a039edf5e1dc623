// The catalogue as it is being browsed: what was asked, the pages that came, the model that is open. Asks nothing before
// the user agreed to it.

import { isAppError, serializeError, type SerializedError } from "../../protocol/app-error.ts";
import type {
  CivitaiAnswer,
  CivitaiCatalog,
  CivitaiModel,
  CivitaiQuery,
  CivitaiSettings,
  CivitaiSettingsChange,
} from "../../protocol/civitai-api.ts";
import { Observable } from "./observable.ts";

export interface CivitaiState {
  readonly settings?: CivitaiSettings;
  readonly query: CivitaiQuery;
  readonly models: readonly CivitaiModel[];
  readonly nextCursor?: string;
  /** Something was asked at least once. */
  readonly asked: boolean;
  readonly loading: boolean;
  /** Milliseconds since the epoch; set while what is shown is an old answer, because the service is away. */
  readonly staleSince?: number;
  readonly error?: SerializedError;
  readonly open?: CivitaiModel;
}

const PAGE = 40;

export class CivitaiController {
  readonly state = new Observable<CivitaiState>({
    query: { sort: "Most Downloaded", period: "AllTime" },
    models: [],
    asked: false,
    loading: false,
  });
  /** An address to open as soon as the view is there and the user has agreed. */
  readonly wanted = new Observable("");
  readonly #catalog: CivitaiCatalog;
  readonly #ready: Promise<void>;
  /** Answers of an older query are dropped. */
  #turn = 0;

  constructor(catalog: CivitaiCatalog, ready: Promise<void>) {
    this.#catalog = catalog;
    this.#ready = ready;
  }

  /** Reads what is set up on this device; sends nothing. */
  async loadSettings(): Promise<void> {
    await this.#attempt(async () => {
      await this.#ready;
      this.state.patch({ settings: await this.#catalog.settings() });
    });
  }

  async configure(change: CivitaiSettingsChange): Promise<void> {
    await this.#attempt(async () => this.state.patch({ settings: await this.#catalog.configure(change) }));
  }

  async search(change: Partial<CivitaiQuery>): Promise<void> {
    const query = { ...this.state.value.query, ...change };
    this.state.patch({ query, models: [], nextCursor: undefined });
    await this.#loadPage(query);
  }

  async loadMore(): Promise<void> {
    const { loading, nextCursor, query } = this.state.value;
    if (loading || nextCursor === undefined) return;
    await this.#loadPage({ ...query, cursor: nextCursor });
  }

  /** Shows what the search gave at once, then the whole model. */
  async openModel(model: CivitaiModel): Promise<void> {
    this.state.patch({ open: model });
    await this.#attempt(async () => {
      const answer = await this.#catalog.model(model.id);
      if (this.state.value.open?.id === model.id) this.state.patch({ open: answer.value });
    });
  }

  /** The model behind a pasted address. */
  async openAddress(address: string): Promise<void> {
    await this.#attempt(async () => {
      const { model, version } = (await this.#catalog.resolve(address)).value;
      const others = model.versions.filter(({ id }) => id !== version.id);
      this.state.patch({ open: { ...model, versions: [version, ...others] } });
    });
  }

  close(): void {
    this.state.patch({ open: undefined });
  }

  dismissError(): void {
    this.state.patch({ error: undefined });
  }

  async #loadPage(query: CivitaiQuery): Promise<void> {
    const turn = ++this.#turn;
    this.state.patch({ loading: true, asked: true, error: undefined });
    await this.#attempt(async () => {
      const answer = await this.#catalog.search({ ...query, limit: PAGE });
      if (turn === this.#turn) this.#append(answer);
    });
    if (turn === this.#turn) this.state.patch({ loading: false });
  }

  #append({
    value,
    stale,
    fetchedAt,
  }: CivitaiAnswer<{ models: readonly CivitaiModel[]; nextCursor?: string }>): void {
    const known = new Set(this.state.value.models.map(({ id }) => id));
    this.state.patch({
      // Pages overlap when the ranking moves between two requests.
      models: [...this.state.value.models, ...value.models.filter(({ id }) => !known.has(id))],
      nextCursor: value.nextCursor,
      staleSince: stale ? fetchedAt : undefined,
    });
  }

  async #attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      // A newer search took its place.
      if (!isAppError(error, "Interrupted")) this.state.patch({ error: serializeError(error) });
    }
  }
}
