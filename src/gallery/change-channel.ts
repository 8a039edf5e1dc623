// Tells listeners of this tab and of other tabs that stored data changed. Carries no data but the change itself.

export type Listener<T> = (change: T) => void;

export class ChangeChannel<T> {
  readonly #listeners = new Set<Listener<T>>();
  readonly #channel: BroadcastChannel | undefined;

  constructor(name: string) {
    if (typeof BroadcastChannel === "undefined") return;
    this.#channel = new BroadcastChannel(name);
    this.#channel.onmessage = (event: MessageEvent<T>) => this.#tell(event.data);
  }

  /** Returns the function that ends the subscription. */
  subscribe(listener: Listener<T>): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  announce(change: T): void {
    this.#tell(change);
    this.#channel?.postMessage(change);
  }

  dispose(): void {
    this.#listeners.clear();
    this.#channel?.close();
  }

  #tell(change: T): void {
    for (const listener of this.#listeners) listener(change);
  }
}
