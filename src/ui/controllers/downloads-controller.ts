// The queue of downloads as the page shows it: entries in order, progress, and what the user does with them. Moves no bytes.

import { serializeError, type SerializedError } from "../../protocol/app-error.ts";
import type {
  AddressContents,
  Download,
  DownloadEvent,
  DownloadProgress,
  DownloadRequest,
  Downloads,
  DownloadSettings,
  SourceId,
} from "../../protocol/downloads-api.ts";
import { Observable } from "./observable.ts";

export interface DownloadsState {
  /** In the order in which they are worked on. */
  readonly downloads: readonly Download[];
  readonly progress: ReadonlyMap<string, DownloadProgress>;
  readonly settings?: DownloadSettings;
  readonly error?: SerializedError;
}

type Change = Parameters<Downloads["configure"]>[0];

export class DownloadsController {
  readonly state = new Observable<DownloadsState>({ downloads: [], progress: new Map() });
  /** What stands in the address field: dropped and pasted addresses land there from anywhere. */
  readonly draft = new Observable("");
  readonly #downloads: Downloads;
  readonly #ready: Promise<void>;
  readonly #finished: (download: Download) => void;

  /** `ready` resolves when the library has started; `finished` is told of every model that arrived. */
  constructor(downloads: Downloads, ready: Promise<void>, finished: (download: Download) => void) {
    this.#downloads = downloads;
    this.#ready = ready;
    this.#finished = finished;
  }

  async load(): Promise<void> {
    await this.#attempt(async () => {
      await this.#ready;
      await this.#downloads.subscribe((event) => this.#receive(event));
      // Taken at once: an entry that changes while something else is waited for must not be set back.
      const downloads = await this.#downloads.list();
      this.state.patch({ downloads });
      // A model may have arrived after the models were listed and before this page was told of changes.
      const arrived = downloads.find(({ state }) => state === "done");
      if (arrived) this.#finished(arrived);
      this.state.patch({ settings: await this.#downloads.settings() });
    });
  }

  inspect(address: string): Promise<AddressContents> {
    return this.#downloads.inspect(address);
  }

  /** Undefined when it was refused; the reason is in the state. */
  async add(request: DownloadRequest): Promise<Download | undefined> {
    let added: Download | undefined;
    await this.#attempt(async () => {
      added = await this.#downloads.add(request);
      this.#receive({ type: "changed", download: added, order: this.#order(added.id) });
    });
    return added;
  }

  pause(id: string): Promise<void> {
    return this.#attempt(() => this.#downloads.pause(id));
  }

  resume(id: string): Promise<void> {
    return this.#attempt(() => this.#downloads.resume(id));
  }

  cancel(id: string): Promise<void> {
    return this.#attempt(() => this.#downloads.cancel(id));
  }

  retry(id: string): Promise<void> {
    return this.#attempt(() => this.#downloads.retry(id));
  }

  /** One place up (-1) or down (1). */
  async step(id: string, step: 1 | -1): Promise<void> {
    const position = this.state.value.downloads.findIndex((download) => download.id === id) + step;
    if (position < 0 || position >= this.state.value.downloads.length) return;
    await this.#attempt(() => this.#downloads.move(id, position));
  }

  provideFile(id: string, file: File): Promise<void> {
    return this.#attempt(() => this.#downloads.provideFile(id, file));
  }

  async clearFinished(): Promise<void> {
    const done = this.state.value.downloads.filter(({ state }) => state === "done");
    await this.#attempt(async () => {
      for (const { id } of done) await this.#downloads.cancel(id);
    });
  }

  configure(change: Change): Promise<void> {
    return this.#attempt(async () => this.state.patch({ settings: await this.#downloads.configure(change) }));
  }

  setToken(source: SourceId, token: string | undefined): Promise<void> {
    return this.#attempt(async () =>
      this.state.patch({ settings: await this.#downloads.setToken(source, token) }),
    );
  }

  dismissError(): void {
    this.state.patch({ error: undefined });
  }

  #order(newId: string): readonly string[] {
    const ids = this.state.value.downloads.map(({ id }) => id);
    return ids.includes(newId) ? ids : [...ids, newId];
  }

  #receive(event: DownloadEvent): void {
    const { downloads, progress } = this.state.value;
    switch (event.type) {
      case "changed": {
        const byId = new Map(downloads.map((download) => [download.id, download]));
        const before = byId.get(event.download.id);
        byId.set(event.download.id, event.download);
        const order = new Map(event.order.map((id, i) => [id, i]));
        const place = ({ id }: Download): number => order.get(id) ?? order.size;
        this.state.patch({ downloads: [...byId.values()].toSorted((a, b) => place(a) - place(b)) });
        if (event.download.state === "done" && before?.state !== "done") this.#finished(event.download);
        break;
      }
      case "progress":
        this.state.patch({ progress: new Map(progress).set(event.progress.id, event.progress) });
        break;
      case "removed":
        this.state.patch({ downloads: downloads.filter(({ id }) => id !== event.id) });
        break;
      default:
        event satisfies never;
    }
  }

  async #attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.state.patch({ error: serializeError(error) });
    }
  }
}
