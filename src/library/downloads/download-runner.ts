// Runs the downloads that the journal says should run, in one tab at a time. Takes no commands: those change the journal.

import { isAppError, serializeError } from "../../protocol/app-error.ts";
import {
  type Download,
  type DownloadFile,
  type DownloadProgress,
  DOWNLOAD_STATES,
  type SourceId,
} from "../../protocol/downloads-api.ts";
import type { ModelRecord } from "../../protocol/library-api.ts";
import type { FreeSpace } from "../storage-room.ts";
import { type DownloadEntry, type DownloadJournal, isBusy } from "./download-journal.ts";
import { type RunEnd, runDownload } from "./download-run.ts";
import { HashedPart } from "./hashed-part.ts";
import { JoinedPart } from "./joined-part.ts";
import { runJoined } from "./joined-run.ts";
import type { PartFiles, StoredPart } from "./part-files.ts";
import { ProgressReporter } from "./progress-reporter.ts";
import { hostsOf } from "./source-settings.ts";

const STALL_MS = 30_000;
// Only the tab that holds it moves bytes; the next tab takes over when that one closes.
const RUNNER_LOCK = "kiln-downloads";

/** What is known of a part when all of it has arrived. */
export interface WholeDownload {
  /** Of the file, or of the folder. */
  readonly fileName: string;
  readonly sha256: string;
  /** Of a model of several files, in the order in which they lie in the part. */
  readonly files?: readonly DownloadFile[];
}

type OpenPart = HashedPart | JoinedPart;

export interface RunnerContext {
  readonly journal: DownloadJournal;
  readonly parts: PartFiles;
  readonly freeSpace: FreeSpace;
  readonly locks: LockManager | undefined;
  /** Recognises a whole, proven file and gives it its place. */
  store(part: StoredPart, whole: WholeDownload): Promise<ModelRecord>;
  onChanged(entry: DownloadEntry): Promise<void>;
  onProgress(progress: DownloadProgress): void;
  readonly stallMs?: number;
}

interface Run {
  readonly abort: AbortController;
  readonly ended: Promise<void>;
}

export class DownloadRunner {
  readonly #context: RunnerContext;
  readonly #runs = new Map<string, Run>();
  /** Parts of waiting downloads stay open, so that going on needs no reading again. */
  readonly #openParts = new Map<string, OpenPart>();
  readonly #closed = new AbortController();
  #elected = false;
  #disposed = false;
  #agreeing: Promise<void> = Promise.resolve();
  #wake: ReturnType<typeof setTimeout> | undefined;

  constructor(context: RunnerContext) {
    this.#context = context;
    globalThis.addEventListener?.("online", this.#retryWaiting);
    void this.#waitForElection();
  }

  async dispose(): Promise<void> {
    this.#disposed = true;
    globalThis.removeEventListener?.("online", this.#retryWaiting);
    clearTimeout(this.#wake);
    await this.#agreeing;
    const ended = [...this.#runs.values()].map((run) => run.ended);
    for (const { abort } of this.#runs.values()) abort.abort();
    await Promise.all(ended);
    for (const id of this.#openParts.keys()) this.#closePart(id);
    // Last, because the next tab begins when the lock is free.
    this.#closed.abort();
  }

  /** Ends the run of a download that was taken out of the work. */
  notice({ id, state }: Pick<Download, "id" | "state">): void {
    const works = DOWNLOAD_STATES[state].busy || state === "queued" || state === "waiting";
    if (!works) this.#runs.get(id)?.abort.abort();
    this.reconcile();
  }

  noticeRemoved(id: string): void {
    this.#runs.get(id)?.abort.abort();
    this.reconcile();
  }

  /** Makes what runs agree with the journal. */
  reconcile(): void {
    if (!this.#elected || this.#disposed) return;
    this.#agreeing = this.#agreeing
      .then(() => this.#agree())
      .catch((error: unknown) => console.error("The queue of downloads could not be read.", error));
  }

  async #waitForElection(): Promise<void> {
    const { locks } = this.#context;
    const { signal } = this.#closed;
    const work = async (): Promise<void> => {
      await this.#recover();
      this.#elected = true;
      this.reconcile();
      if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve));
    };
    if (!locks) return await work();
    await locks.request(RUNNER_LOCK, { signal }, work).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  }

  /** What a closed tab or a crash left in the middle goes back into the queue; parts without an entry go. */
  async #recover(): Promise<void> {
    const { journal, parts, onChanged } = this.#context;
    const entries = await journal.list();
    await parts.tidy(new Set(entries.map(({ id }) => id)));
    for (const entry of entries.filter(isBusy)) {
      const queued = await journal.update(entry.id, (now) => ({ ...now, state: "queued" }));
      if (queued) await onChanged(queued);
    }
  }

  // What waits for its next attempt need not wait any longer once the device is online again.
  readonly #retryWaiting = (): void => {
    void (async () => {
      if (this.#disposed) return;
      const { journal } = this.#context;
      for (const { id } of await journal.list()) {
        await journal.update(id, (entry) =>
          entry.state === "waiting" ? { ...entry, retryAt: Date.now() } : undefined,
        );
      }
      this.reconcile();
    })();
  };

  async #agree(): Promise<void> {
    if (this.#disposed) return;
    const { journal } = this.#context;
    const entries = await journal.list();
    const states = new Map(entries.map(({ id, state }) => [id, state]));
    for (const [id, { abort }] of this.#runs) if (!states.has(id)) abort.abort();
    for (const id of this.#openParts.keys()) {
      const state = states.get(id);
      if (!this.#runs.has(id) && state !== "waiting" && state !== "queued") this.#closePart(id);
    }
    const now = Date.now();
    const due = entries.filter(
      ({ id, state, retryAt = 0 }) =>
        !this.#runs.has(id) && (state === "queued" || (state === "waiting" && retryAt <= now)),
    );
    const { parallel } = await journal.settings();
    if (this.#disposed) return;
    for (const { id } of due.slice(0, Math.max(0, parallel - this.#runs.size))) this.#start(id);
    clearTimeout(this.#wake);
    const waits = entries.flatMap(({ state, retryAt = 0 }) =>
      state === "waiting" && retryAt > now ? [retryAt] : [],
    );
    if (waits.length > 0) this.#wake = setTimeout(() => this.reconcile(), Math.min(...waits) - now);
  }

  #start(id: string): void {
    const abort = new AbortController();
    const ended = this.#run(id, abort.signal).finally(() => {
      this.#runs.delete(id);
      this.reconcile();
    });
    this.#runs.set(id, { abort, ended });
  }

  async #run(id: string, signal: AbortSignal): Promise<void> {
    const { journal, parts, onChanged } = this.#context;
    let end: RunEnd | undefined;
    try {
      end = await this.#runToEnd(id, signal);
    } catch (error) {
      if (!signal.aborted) end = { state: endState(error), error: serializeError(error) };
    }
    const size = this.#openParts.get(id)?.size;
    if (end?.state !== "waiting") this.#closePart(id);
    const changed = await journal.update(id, (entry) => {
      const bytesDone = end?.bytesDone ?? size ?? entry.bytesDone;
      // Taken away from this run: paused by the user, perhaps in another tab.
      return isBusy(entry) ? { ...entry, ...end, bytesDone } : { ...entry, bytesDone };
    });
    if (changed) await onChanged(changed);
    else await parts.remove(id);
  }

  async #runToEnd(id: string, signal: AbortSignal): Promise<RunEnd> {
    const { journal, parts, freeSpace, stallMs = STALL_MS, onProgress, onChanged } = this.#context;
    const note = async (change: Partial<DownloadEntry>): Promise<DownloadEntry> => {
      signal.throwIfAborted();
      const changed = await journal.update(id, (entry) => {
        const mine = isBusy(entry) || entry.state === "queued" || entry.state === "waiting";
        return mine ? { ...entry, ...change } : undefined;
      });
      if (!changed) this.#runs.get(id)?.abort.abort();
      signal.throwIfAborted();
      if (changed && change.state !== undefined) await onChanged(changed);
      return changed as DownloadEntry;
    };
    const reporter = new ProgressReporter(onProgress, id);
    try {
      const part = this.#openParts.get(id) ?? (await this.#openPart(id, reporter, note, signal));
      let entry = await note({ state: "running" });
      reporter.start(() => ({ bytesDone: part.size, bytesTotal: entry.bytesTotal ?? entry.expectedBytes }));
      const settings = await journal.settings();
      const context = {
        ...{ freeSpace, stallMs, signal, hosts: hostsOf(settings) },
        failedOrigins: settings.failedOrigins,
        tokenFor: (source: SourceId) => settings.tokens[source],
        note: async (change: Partial<DownloadEntry>) => (entry = await note(change)),
        noteOrigin: (origin: string, failed: boolean) => journal.noteOrigin(origin, failed),
        store: async ({ fileName = "", files }: DownloadEntry, sha256: string) => {
          this.#closePart(id);
          const stored = await parts.find(id);
          if (!stored) throw new Error(`The part of ${id} is gone.`);
          return await this.#context.store(stored, { fileName, sha256, files });
        },
      };
      return part instanceof JoinedPart
        ? await runJoined(entry, { ...context, part })
        : await runDownload(entry, { ...context, part });
    } finally {
      reporter.stop();
    }
  }

  async #openPart(
    id: string,
    reporter: ProgressReporter,
    note: (change: Partial<DownloadEntry>) => Promise<DownloadEntry>,
    signal: AbortSignal,
  ): Promise<OpenPart> {
    const { expectedBytes, bytesTotal = expectedBytes, files } = await note({ state: "checking" });
    const file = await this.#context.parts.open(id);
    let checked = 0;
    reporter.start(() => ({ bytesDone: checked, bytesTotal, checking: true }));
    const checking = { signal, onChecked: (bytes: number) => void (checked = bytes) };
    const part = files ? await JoinedPart.open(file, files, checking) : await HashedPart.open(file, checking);
    this.#openParts.set(id, part);
    return part;
  }

  #closePart(id: string): void {
    this.#openParts.get(id)?.close();
    this.#openParts.delete(id);
  }
}

/** A whole file that is no model is kept apart like one with a wrong hash: the user decides. */
function endState(error: unknown): RunEnd["state"] {
  const isNoModel = isAppError(error, "FileFormat", "UnsupportedModel", "MissingTensor", "ShapeMismatch");
  return isNoModel ? "quarantined" : "failed";
}
