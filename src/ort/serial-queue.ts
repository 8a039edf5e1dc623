// Runs asynchronous tasks strictly one after the other. Has no priorities and no cancellation.

/** The runtime must never create or run two sessions at once (it throws or computes garbage), so all calls go through one. */
export class SerialQueue {
  #tail: Promise<unknown> = Promise.resolve();

  run<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#tail.then(task);
    this.#tail = result.catch(() => undefined); // the caller gets the failure; the next task must still run
    return result;
  }
}
