// Starts a worker, notices when it dies and starts the next one. Knows nothing of what the worker does.

import { wrap, type Remote } from "comlink";
import { AppError, reviveError, serializeError } from "../protocol/app-error.ts";

/** Makes the worker; `name` must become its `name`, which is also the lock that it holds while it lives. */
export type StartWorker = (name: string) => Worker;

interface Living<Api> {
  readonly worker: Worker;
  readonly remote: Remote<Api>;
  /** Rejects with WorkerLost when the worker ends. */
  readonly death: Promise<never>;
  end(reason: string): void;
}

let started = 0;

/** Owns one worker at a time. Calls made while it dies reject; the next call starts a new one. */
export class WorkerHost<Api> {
  readonly #label: string;
  readonly #startWorker: StartWorker;
  #living: Living<Api> | undefined;

  /** `label` names the worker in messages: "engine". */
  constructor(label: string, startWorker: StartWorker) {
    this.#label = label;
    this.#startWorker = startWorker;
  }

  get alive(): boolean {
    return this.#living !== undefined;
  }

  /** Calls the worker, starting it if there is none; errors arrive as AppErrors with their details. */
  async call<T>(task: (remote: Remote<Api>) => Promise<T>): Promise<T> {
    this.#living ??= this.#start();
    const { remote, death } = this.#living;
    try {
      return await Promise.race([task(remote), death]);
    } catch (error) {
      throw error instanceof AppError ? error : reviveError(withDetails(error));
    }
  }

  /** Ends the worker at once; calls under way reject with WorkerLost. */
  terminate(reason: string): void {
    this.#living?.end(reason);
  }

  #start(): Living<Api> {
    const name = `kiln-${this.#label}-${Date.now()}-${++started}`;
    const worker = this.#startWorker(name);
    const watch = new AbortController();
    let reject: (error: AppError) => void = () => undefined;
    const death = new Promise<never>((_, rejectDeath) => (reject = rejectDeath));
    death.catch(() => undefined); // calls under way see it; without one there is nobody to tell
    const living: Living<Api> = {
      worker,
      remote: wrap<Api>(worker),
      death,
      end: (reason) => {
        if (this.#living === living) this.#living = undefined;
        watch.abort();
        worker.terminate();
        reject(
          new AppError(
            "WorkerLost",
            `The ${this.#label} stopped working: ${reason} It starts again by itself.`,
            {
              where: this.#label,
              expected: "a running worker",
              got: reason,
            },
          ),
        );
      },
    };
    worker.addEventListener("error", (event) =>
      living.end(`${event.message || "its program could not be loaded"}.`),
    );
    worker.addEventListener("messageerror", () => living.end("a message could not be read."));
    worker.addEventListener("message", () => void watchLifeLock(name, living, watch.signal));
    return living;
  }
}

/** Waits for the lock that the worker holds while it lives. Asked at every answer until the worker is seen to hold it. */
async function watchLifeLock(
  name: string,
  living: { end(reason: string): void },
  signal: AbortSignal,
): Promise<void> {
  const { held = [], pending = [] } = await navigator.locks.query();
  const ours = (lock: LockInfo): boolean => lock.name === name;
  if (signal.aborted || !held.some(ours) || pending.some(ours)) return;
  try {
    await navigator.locks.request(name, { signal }, () => living.end("it ended unexpectedly."));
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/** What comlink rebuilt is an Error with the fields of the original. */
function withDetails(error: unknown): ReturnType<typeof serializeError> {
  const plain = serializeError(error);
  if (typeof error !== "object" || error === null || !("details" in error)) return plain;
  return { ...plain, details: error.details as ReturnType<typeof serializeError>["details"] };
}
