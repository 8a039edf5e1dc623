// A value with listeners, and the Lit controller that redraws a host when it changes. Holds no application state itself.

import type { ReactiveController, ReactiveControllerHost } from "lit";

export class Observable<T> {
  #value: T;
  readonly #listeners = new Set<(value: T) => void>();

  constructor(value: T) {
    this.#value = value;
  }

  get value(): T {
    return this.#value;
  }

  set(value: T): void {
    if (Object.is(value, this.#value)) return;
    this.#value = value;
    for (const listener of [...this.#listeners]) listener(value);
  }

  /** Replaces some fields of an object value. */
  patch(fields: Partial<T>): void {
    this.set({ ...this.#value, ...fields });
  }

  /** Returns the function that ends the subscription. */
  subscribe(listener: (value: T) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

/** Redraws its host on every change, from connect to disconnect. `source` is read at connect: contexts are set by then. */
export class Watch<T> implements ReactiveController {
  readonly #host: ReactiveControllerHost;
  readonly #source: () => Observable<T>;
  #unsubscribe?: () => void;

  constructor(host: ReactiveControllerHost, source: () => Observable<T>) {
    this.#host = host;
    this.#source = source;
    host.addController(this);
  }

  get value(): T {
    return this.#source().value;
  }

  hostConnected(): void {
    this.#unsubscribe = this.#source().subscribe(() => this.#host.requestUpdate());
  }

  hostDisconnected(): void {
    this.#unsubscribe?.();
  }
}
