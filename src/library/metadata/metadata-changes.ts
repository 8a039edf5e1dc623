// Tells one listener here, and the workers of other tabs, which models' metadata changed. Carries ids only.

import type { MetadataEvent } from "../../protocol/metadata-api.ts";

export class MetadataChanges {
  readonly #channel = new BroadcastChannel("kiln-metadata");
  #listener: (event: MetadataEvent) => void = () => undefined;

  constructor() {
    this.#channel.onmessage = ({ data }: MessageEvent<readonly string[]>) =>
      this.#listener({ type: "changed", ids: data });
  }

  /** The next listener replaces the last. */
  subscribe(listener: (event: MetadataEvent) => void): void {
    this.#listener = listener;
  }

  /** Call after the transaction is complete. */
  announce(ids: readonly string[]): void {
    if (ids.length === 0) return;
    this.#channel.postMessage(ids);
    this.tell({ type: "changed", ids });
  }

  /** Of interest to this tab only. */
  tell(event: MetadataEvent): void {
    this.#listener(event);
  }

  dispose(): void {
    this.#channel.close();
  }
}
