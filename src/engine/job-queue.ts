// Runs jobs one at a time in the order they came, and ends them early on request. Knows nothing of pictures.

import { AppError } from "../protocol/app-error.ts";

/** What a running job looks at to end early. */
export interface JobControl {
  /** Aborts when the whole job should end. */
  readonly interrupted: AbortSignal;
  /** A signal for one batch: aborts on skip and on interrupt. A fresh one is made by each call. */
  nextBatch(): AbortSignal;
}

export type JobEnd<T> =
  { readonly outcome: "ended"; readonly value: T } | { readonly outcome: "never started" };

interface Entry {
  /** Undefined for tasks between jobs, which nobody can end. */
  readonly jobId: string | undefined;
  readonly interrupt: AbortController;
  batch: AbortController | undefined;
  /** Never rejects; gives what tells the caller, to be called once the entry has left the queue. */
  start(): Promise<() => void>;
}

function interruption(what: "job" | "batch"): AppError {
  return new AppError(
    "Interrupted",
    what === "job" ? "The job was interrupted." : "The picture was skipped.",
    {
      where: what,
    },
  );
}

/** Owns the pending jobs. A failing job never stops the next. */
export class JobQueue {
  readonly #entries: Entry[] = [];
  #running = false;
  #stopped = false;

  /** Resolves or rejects with the job; "never started" when it was interrupted while waiting. */
  add<T>(jobId: string, run: (control: JobControl) => Promise<T>): Promise<JobEnd<T>> {
    if (this.#entries.some((entry) => entry.jobId === jobId)) {
      return Promise.reject(
        new AppError("InvalidRequest", `A job with the id ${jobId} is already in the queue.`, {
          where: "jobId",
          expected: "an id that is not in use",
          got: jobId,
        }),
      );
    }
    return new Promise((resolve) => {
      const entry: Entry = {
        jobId,
        interrupt: new AbortController(),
        batch: undefined,
        start: async () => {
          const end = run(this.#control(entry)).then((value): JobEnd<T> => ({ outcome: "ended", value }));
          await end.catch(() => undefined); // the caller gets the failure
          return () => resolve(end);
        },
      };
      entry.interrupt.signal.addEventListener("abort", () => {
        if (this.#entries[0] === entry && this.#running) return; // the running job ends by itself
        this.#entries.splice(this.#entries.indexOf(entry), 1);
        resolve({ outcome: "never started" });
      });
      this.#entries.push(entry);
      if (!this.#running) void this.#drain();
    });
  }

  /** Ends the batch being worked on; without effect on a job that only waits. */
  skip(jobId: string): void {
    this.#find(jobId)?.batch?.abort(interruption("batch"));
  }

  interrupt(jobId: string): void {
    this.#find(jobId)?.interrupt.abort(interruption("job"));
  }

  /** Runs a task between jobs: after the running one, ahead of the waiting ones. */
  betweenJobs(task: () => Promise<void>): Promise<void> {
    return new Promise((resolve) => {
      this.#entries.splice(this.#running ? 1 : 0, 0, {
        jobId: undefined,
        interrupt: new AbortController(),
        batch: undefined,
        start: async () => {
          const end = task();
          await end.catch(() => undefined);
          return () => resolve(end);
        },
      });
      if (!this.#running) void this.#drain();
    });
  }

  /** The running job is the last; those behind it wait for ever, for their owner to move them elsewhere. */
  stop(): void {
    this.#stopped = true;
  }

  #find(jobId: string): Entry | undefined {
    return this.#entries.find((entry) => entry.jobId === jobId);
  }

  #control(entry: Entry): JobControl {
    return {
      interrupted: entry.interrupt.signal,
      nextBatch: () => {
        entry.batch = new AbortController();
        return AbortSignal.any([entry.interrupt.signal, entry.batch.signal]);
      },
    };
  }

  async #drain(): Promise<void> {
    this.#running = true;
    for (let entry = this.#entries[0]; entry; entry = this.#entries[0]) {
      if (this.#stopped) return;
      const tellCaller = await entry.start();
      this.#entries.shift();
      tellCaller();
    }
    this.#running = false;
  }
}
