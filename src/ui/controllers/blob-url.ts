// Lends a host the address of one blob at a time and takes it back when the blob or the host goes.

import type { ReactiveController, ReactiveControllerHost } from "lit";

export class BlobUrl implements ReactiveController {
  #blob?: Blob;
  #url?: string;

  constructor(host: ReactiveControllerHost) {
    host.addController(this);
  }

  /** The address of this blob; call it from `render`. */
  of(blob: Blob | undefined): string | undefined {
    if (blob !== this.#blob) {
      this.#replace(blob);
    }
    return this.#url;
  }

  hostDisconnected(): void {
    this.#replace(undefined);
  }

  #replace(blob: Blob | undefined): void {
    if (this.#url !== undefined) URL.revokeObjectURL(this.#url);
    this.#blob = blob;
    this.#url = blob && URL.createObjectURL(blob);
  }
}
