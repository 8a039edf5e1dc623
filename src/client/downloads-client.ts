// The downloads as the page sees them: the same interface, over the port. Goes on listening when the worker was started again.

import { proxy, type Remote } from "comlink";
import type {
  AddressContents,
  Download,
  DownloadEvent,
  DownloadRequest,
  Downloads,
  DownloadSettings,
  SourceId,
} from "../protocol/downloads-api.ts";

/** Calls the worker's downloads, starting the worker when there is none. */
export type CallDownloads = <T>(task: (remote: Remote<Downloads>) => Promise<T>) => Promise<T>;

type Listener = (event: DownloadEvent) => void;

export class DownloadsClient implements Downloads {
  readonly #call: CallDownloads;
  #listener: Listener | undefined;

  constructor(call: CallDownloads) {
    this.#call = call;
  }

  inspect(address: string): Promise<AddressContents> {
    return this.#call((downloads) => downloads.inspect(address));
  }

  add(request: DownloadRequest): Promise<Download> {
    return this.#call((downloads) => downloads.add(request));
  }

  list(): Promise<readonly Download[]> {
    return this.#call((downloads) => downloads.list());
  }

  pause(id: string): Promise<void> {
    return this.#call((downloads) => downloads.pause(id));
  }

  resume(id: string): Promise<void> {
    return this.#call((downloads) => downloads.resume(id));
  }

  cancel(id: string): Promise<void> {
    return this.#call((downloads) => downloads.cancel(id));
  }

  retry(id: string): Promise<void> {
    return this.#call((downloads) => downloads.retry(id));
  }

  move(id: string, position: number): Promise<void> {
    return this.#call((downloads) => downloads.move(id, position));
  }

  provideFile(id: string, file: File): Promise<void> {
    return this.#call((downloads) => downloads.provideFile(id, file));
  }

  settings(): Promise<DownloadSettings> {
    return this.#call((downloads) => downloads.settings());
  }

  configure(change: Parameters<Downloads["configure"]>[0]): Promise<DownloadSettings> {
    return this.#call((downloads) => downloads.configure(change));
  }

  setToken(source: SourceId, token: string | undefined): Promise<DownloadSettings> {
    return this.#call((downloads) => downloads.setToken(source, token));
  }

  subscribe(listener: Listener): Promise<void> {
    this.#listener = listener;
    return this.resubscribe();
  }

  /** To be called when a new worker has started. */
  async resubscribe(): Promise<void> {
    const listener = this.#listener;
    if (listener) await this.#call((downloads) => downloads.subscribe(proxy(listener)));
  }
}
