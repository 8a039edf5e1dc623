// A persistent queue of jobs: what is waiting, running or failed, in order, across reloads and tabs. Runs nothing itself.

import type { DBSchema, IDBPDatabase } from "idb";
import type { SerializedError } from "../protocol/app-error.ts";
import { completeRequest, type GenerationRequest } from "../protocol/generation-request.ts";
import { ChangeChannel } from "./change-channel.ts";
import type { PageDatabase } from "./page-database.ts";
import { namingStorageErrors } from "./storage-errors.ts";
import type { TabPresence } from "./tab-locks.ts";

export type JobStatus = "pending" | "running" | "failed";

export interface Queued<Request> {
  readonly id: string;
  readonly request: Request;
  readonly status: JobStatus;
  /** Present when failed. */
  readonly error?: SerializedError;
  /** Present when running: the tab that runs it. */
  readonly runner?: string;
  /** Ascending order of the queue. */
  readonly position: number;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
}

export type QueuedJob = Queued<GenerationRequest>;

/** The database as one queue sees it. */
interface QueueSchema<Request> extends DBSchema {
  jobs: { key: string; value: Queued<Request>; indexes: { position: number } };
}

/** Stores of the database that hold a queue. */
export type QueueName = "jobs" | "upscales";

interface QueueRow {
  readonly channel: string;
  /** Adds what requests stored by an older version lack. */
  complete(request: unknown): unknown;
}

const QUEUES: Readonly<Record<QueueName, QueueRow>> = {
  jobs: { channel: "kiln-queue", complete: (request) => completeRequest(request as GenerationRequest) },
  upscales: { channel: "kiln-upscales", complete: (request) => request },
};

// For messages only: what a stored job costs is its prompt.
const JOB_BYTES = 4096;

/** Owns one store. A job that ends well is deleted: its pictures are in the gallery. */
export class QueueStore<Request = GenerationRequest> {
  readonly #database: IDBPDatabase<QueueSchema<Request>>;
  /** The store's name; all queues have the shape of this one. */
  readonly #store: "jobs";
  readonly #row: QueueRow;
  readonly #presence: TabPresence;
  readonly #changes: ChangeChannel<null>;
  readonly #disposal = new AbortController();

  constructor(database: PageDatabase, presence: TabPresence, name: QueueName = "jobs") {
    this.#database = database as unknown as IDBPDatabase<QueueSchema<Request>>;
    this.#store = name as "jobs";
    this.#presence = presence;
    this.#row = QUEUES[name];
    this.#changes = new ChangeChannel(this.#row.channel);
  }

  /** Called after every change, in every tab. */
  subscribe(listener: () => void): () => void {
    return this.#changes.subscribe(listener);
  }

  /** All jobs, first to run first. */
  async list(): Promise<readonly Queued<Request>[]> {
    return (await this.#database.getAllFromIndex(this.#store, "position")).map((job) => this.#complete(job));
  }

  async enqueue(
    request: Request,
    { front = false, id = crypto.randomUUID() }: { readonly front?: boolean; readonly id?: string } = {},
  ): Promise<Queued<Request>> {
    const job = { id, request, status: "pending", createdAt: Date.now() } as const;
    await this.#rewrite((jobs) => insertPending(jobs, { ...job, position: 0 }, front));
    return (await this.#database.get(this.#store, job.id))!;
  }

  /** Marks the first pending job as running in this tab and returns it; two tabs never get the same one. */
  async takeNext(): Promise<Queued<Request> | undefined> {
    let taken: Queued<Request> | undefined;
    await this.#rewrite((jobs) =>
      jobs.map((job) => {
        if (taken || job.status !== "pending") return job;
        taken = { ...job, status: "running", runner: this.#presence.id };
        return taken;
      }),
    );
    const stored = taken && (await this.#database.get(this.#store, taken.id));
    return stored && this.#complete(stored);
  }

  /** The job ended (finished or interrupted): it leaves the queue. */
  async finish(id: string): Promise<void> {
    await this.remove(id);
  }

  /** The recipe stays in the queue with the reason. */
  async fail(id: string, error: SerializedError): Promise<void> {
    await this.#replace(id, (job) => ({ ...plain(job), status: "failed", error }));
  }

  /** Puts a failed or running job back to wait where it stands. */
  async retry(id: string): Promise<void> {
    await this.#replace(id, (job) => ({ ...plain(job), status: "pending" }));
  }

  async remove(id: string): Promise<void> {
    await this.#rewrite((jobs) => jobs.filter((job) => job.id !== id));
  }

  async clearFailed(): Promise<void> {
    await this.#rewrite((jobs) => jobs.filter((job) => job.status !== "failed"));
  }

  /** Moves a job before everything that waits. */
  async moveToFront(id: string): Promise<void> {
    await this.#rewrite((jobs) => {
      const job = jobs.find((candidate) => candidate.id === id);
      return job ? insertPending(without(jobs, id), job, true) : jobs;
    });
  }

  /** Moves a job before another one, or to the end. */
  async moveBefore(id: string, beforeId: string | undefined): Promise<void> {
    await this.#rewrite((jobs) => {
      const job = jobs.find((candidate) => candidate.id === id);
      if (!job || id === beforeId) return jobs;
      const rest = without(jobs, id);
      const at = rest.findIndex((candidate) => candidate.id === beforeId);
      return at < 0 ? [...rest, job] : rest.toSpliced(at, 0, job);
    });
  }

  /**
   * Jobs whose tab is gone (reload, crash) wait again, at their old place; those whose tab is about to go (a reload whose old
   * page still ends) follow when it has. Call once when the page starts.
   * @returns how many there were at once.
   */
  async recover(): Promise<number> {
    const alive = await this.#presence.aliveIds();
    const runners = new Set(
      (await this.list()).map((job) => job.runner).filter((runner) => runner !== undefined),
    );
    for (const runner of runners) {
      if (runner === this.#presence.id || !alive.has(runner)) continue;
      const { signal } = this.#disposal;
      this.#presence
        .whenGone(runner, signal)
        .then(() => this.#releaseJobsOf((other) => other === runner))
        // Aborted with this page, or the database is gone with it: the next page recovers.
        .catch(() => undefined);
    }
    return await this.#releaseJobsOf((runner) => runner === undefined || !alive.has(runner));
  }

  dispose(): void {
    this.#disposal.abort();
    this.#changes.dispose();
  }

  #complete(job: Queued<Request>): Queued<Request> {
    return { ...job, request: this.#row.complete(job.request) as Request };
  }

  async #releaseJobsOf(isGone: (runner: string | undefined) => boolean): Promise<number> {
    let released = 0;
    await this.#rewrite((jobs) =>
      jobs.map((job) => {
        if (job.status !== "running" || !isGone(job.runner)) return job;
        released++;
        return { ...plain(job), status: "pending" };
      }),
    );
    return released;
  }

  async #replace(id: string, change: (job: Queued<Request>) => Queued<Request>): Promise<void> {
    await this.#rewrite((jobs) => jobs.map((job) => (job.id === id ? change(job) : job)));
  }

  // The queue is short and its order is its meaning: every change reads and renumbers it in one transaction.
  async #rewrite(change: (jobs: readonly Queued<Request>[]) => readonly Queued<Request>[]): Promise<void> {
    const changed = await namingStorageErrors("the queue", JOB_BYTES, async () => {
      const transaction = this.#database.transaction(this.#store, "readwrite");
      const before = await transaction.store.index("position").getAll();
      const after = change(before).map((job, position) =>
        job.position === position ? job : { ...job, position },
      );
      const kept = new Set(after.map((job) => job.id));
      const removed = before.filter((job) => !kept.has(job.id));
      const written = after.filter((job) => !before.includes(job));
      await Promise.all([
        ...removed.map((job) => transaction.store.delete(job.id)),
        ...written.map((job) => transaction.store.put(job)),
        transaction.done,
      ]);
      return removed.length + written.length > 0;
    });
    if (changed) this.#changes.announce(null);
  }
}

/** The job without the fields that belong to one status. */
function plain<Request>(job: Queued<Request>): Omit<Queued<Request>, "error" | "runner"> {
  const { id, request, status, position, createdAt } = job;
  return { id, request, status, position, createdAt };
}

function without<Request>(jobs: readonly Queued<Request>[], id: string): readonly Queued<Request>[] {
  return jobs.filter((job) => job.id !== id);
}

/** Adds a job at the end, or before the first that waits. */
function insertPending<Request>(
  jobs: readonly Queued<Request>[],
  job: Queued<Request>,
  front: boolean,
): readonly Queued<Request>[] {
  const firstPending = jobs.findIndex((candidate) => candidate.status === "pending");
  return front && firstPending >= 0 ? jobs.toSpliced(firstPending, 0, job) : [...jobs, job];
}
