// Lends a host the address of one stored picture at a time and takes it back when the picture or the host goes.

import type { ReactiveController, ReactiveControllerHost } from "lit";

export class PictureUrl<Id extends number | string = number> implements ReactiveController {
  readonly #host: ReactiveControllerHost;
  readonly #open: (id: Id) => Promise<Blob>;
  #id?: Id;
  #url?: string;
  #failed = false;

  constructor(host: ReactiveControllerHost, open: (id: Id) => Promise<Blob>) {
    this.#host = host;
    this.#open = open;
    host.addController(this);
  }

  /** Undefined until the file is open; the picture shown before stays until then. */
  get url(): string | undefined {
    return this.#url;
  }

  /** The file could not be opened: deleted meanwhile, or evicted by the browser. */
  get failed(): boolean {
    return this.#failed;
  }

  /** Shows this picture; call it from `willUpdate`. */
  show(id: Id | undefined): void {
    if (id === this.#id) return;
    this.#id = id;
    this.#failed = false;
    if (id === undefined) this.#replace(undefined);
    else void this.#load(id);
  }

  hostDisconnected(): void {
    this.#replace(undefined);
    this.#id = undefined;
  }

  async #load(id: Id): Promise<void> {
    try {
      const file = await this.#open(id);
      if (id === this.#id) this.#replace(URL.createObjectURL(file));
    } catch {
      if (id !== this.#id) return;
      this.#failed = true;
      this.#replace(undefined);
    }
  }

  #replace(url: string | undefined): void {
    if (this.#url !== undefined) URL.revokeObjectURL(this.#url);
    this.#url = url;
    this.#host.requestUpdate();
  }
}
