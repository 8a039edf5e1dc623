// Short messages at the edge of the screen, most of all the undo of what was just done. Not for errors of a job.

import { Observable } from "./observable.ts";

export interface ToastAction {
  readonly label: string;
  readonly run: () => void | Promise<void>;
}

export interface Toast {
  readonly id: number;
  readonly message: string;
  readonly action?: ToastAction;
}

// WCAG 2.2.1 asks for time to act; an undo gets more than a note.
const NOTE_MS = 5_000;
const ACTION_MS = 10_000;

export class ToastController {
  readonly toasts = new Observable<readonly Toast[]>([]);
  #lastId = 0;
  readonly #expiry = new Map<number, () => void>();

  /** `expired` runs once, when the toast goes away without its action having been taken. */
  show(
    message: string,
    options: { readonly action?: ToastAction; readonly expired?: () => void } = {},
  ): void {
    const id = ++this.#lastId;
    this.toasts.set([...this.toasts.value, { id, message, action: options.action }]);
    if (options.expired) this.#expiry.set(id, options.expired);
    setTimeout(() => this.dismiss(id), options.action ? ACTION_MS : NOTE_MS);
  }

  dismiss(id: number): void {
    if (!this.#drop(id)) return;
    this.#expiry.get(id)?.();
    this.#expiry.delete(id);
  }

  async act(id: number): Promise<void> {
    const toast = this.#drop(id);
    this.#expiry.delete(id);
    await toast?.action?.run();
  }

  #drop(id: number): Toast | undefined {
    const toast = this.toasts.value.find((candidate) => candidate.id === id);
    if (toast) this.toasts.set(this.toasts.value.filter((candidate) => candidate !== toast));
    return toast;
  }
}
