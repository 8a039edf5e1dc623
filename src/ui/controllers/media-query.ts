// Redraws a host when a media query starts or stops matching. The wide layout's breakpoint lives here.

import type { ReactiveController, ReactiveControllerHost } from "lit";

/** From here on there is room for three columns. */
export const WIDE = "(min-width: 1000px)";

export class MediaQuery implements ReactiveController {
  readonly #host: ReactiveControllerHost;
  readonly #list: MediaQueryList;

  constructor(host: ReactiveControllerHost, query: string) {
    this.#host = host;
    this.#list = matchMedia(query);
    host.addController(this);
  }

  get matches(): boolean {
    return this.#list.matches;
  }

  hostConnected(): void {
    this.#list.addEventListener("change", this.#changed);
  }

  hostDisconnected(): void {
    this.#list.removeEventListener("change", this.#changed);
  }

  readonly #changed = (): void => this.#host.requestUpdate();
}
