// Owns the way of pictures through the upscaler: chosen ones, the persistent queue, the engine, the gallery. Knows no elements.
// Must never lose a picture that was queued: a job leaves the queue only after it ended; a failed one stays with its reason.

import type { GalleryStore } from "../../gallery/gallery-store.ts";
import type { PictureRecord } from "../../gallery/picture-record.ts";
import type { QueuedUpscale, UpscaleQueue } from "../../gallery/upscale-queue.ts";
import { isAppError, serializeError, type SerializedError } from "../../protocol/app-error.ts";
import type { Engine, EngineEvent } from "../../protocol/engine-api.ts";
import type { UpscalerChoice, UpscaleRequest, UpscaleTarget } from "../../protocol/upscale-request.ts";
import { Observable } from "./observable.ts";

/** A picture chosen to be enlarged, not yet queued. */
export interface ChosenPicture {
  readonly key: string;
  readonly file: Blob;
  readonly name: string;
  /** Of a picture of the gallery. */
  readonly pictureId?: number;
}

export interface UpscaleProgress {
  readonly job: QueuedUpscale;
  /** Absent until the upscaler runs. */
  readonly tile?: number;
  readonly tiles?: number;
  readonly pass?: number;
  readonly passes?: number;
  readonly secondsLeft?: number;
  /** 0 to 1. */
  readonly fraction: number;
}

/** A picture enlarged since the page was opened, with what it was before. */
export interface UpscaleResult {
  readonly id: string;
  readonly name: string;
  readonly before: Blob;
  readonly picture: PictureRecord;
}

export interface UpscaleState {
  readonly chosen: readonly ChosenPicture[];
  readonly jobs: readonly QueuedUpscale[];
  readonly running?: UpscaleProgress;
  /** Newest first. */
  readonly results: readonly UpscaleResult[];
  /** Waiting jobs stay where they are until the user resumes. */
  readonly paused: boolean;
  readonly failure?: SerializedError;
}

export interface UpscaleServices {
  readonly engine: Pick<Engine, "upscale" | "interrupt">;
  readonly gallery: GalleryStore;
  readonly upscales: UpscaleQueue;
}

// Failures that the next picture would only repeat; the others are the fault of one picture.
const PAUSING_FAILURES = new Set(["DeviceLost", "WorkerLost", "StorageFull", "Unsupported"]);

/** Results keep their source in memory, so there is an end to them; the gallery has them all. */
const MAX_RESULTS = 50;

// Survives a reload of this tab and ends with it: a queue that was running goes on, one that was found does not.
const RUNNING_MARK = "kiln-upscales-running";

export class UpscaleController {
  readonly state = new Observable<UpscaleState>({ chosen: [], jobs: [], results: [], paused: false });
  readonly #services: UpscaleServices;
  #pumping = false;
  #storeFailure: unknown;

  constructor(services: UpscaleServices) {
    this.#services = services;
  }

  /** Reads the queue and goes on where a reload stopped it. Call once the engine is being started. */
  async start(): Promise<void> {
    const { jobs } = this.#services.upscales;
    jobs.subscribe(() => void this.#refresh());
    await this.#refresh();
    const waiting = this.state.value.jobs.some(({ status }) => status === "pending");
    const wasRunning = sessionStorage.getItem(RUNNING_MARK) !== null;
    this.state.patch({ paused: waiting && !wasRunning });
    if (waiting && wasRunning) this.#pump();
  }

  choose(pictures: readonly Omit<ChosenPicture, "key">[]): void {
    const added = pictures.map((picture) => ({ ...picture, key: crypto.randomUUID() }));
    this.state.patch({ chosen: [...this.state.value.chosen, ...added], failure: undefined });
  }

  async chooseFromGallery({ id }: PictureRecord): Promise<void> {
    const file = await this.#services.gallery.openFile(id);
    this.choose([{ file, name: file.name, pictureId: id }]);
  }

  unchoose(key: string): void {
    this.state.patch({ chosen: this.state.value.chosen.filter((picture) => picture.key !== key) });
  }

  /** Queues all chosen pictures; those that find no room stay chosen. */
  async enqueueChosen(upscaler: UpscalerChoice, target: UpscaleTarget): Promise<void> {
    try {
      for (const { key, file, name, pictureId } of this.state.value.chosen) {
        const request: UpscaleRequest = { upscaler, target, file, fileName: name };
        await this.#services.upscales.enqueue(pictureId === undefined ? request : { ...request, pictureId });
        this.unchoose(key);
      }
    } catch (error) {
      this.state.patch({ failure: serializeError(error) });
      return;
    }
    this.resume();
  }

  resume(): void {
    this.state.patch({ paused: false, failure: undefined });
    this.#pump();
  }

  /** Takes a waiting or failed picture out, or ends the one being enlarged. */
  async cancel(id: string): Promise<void> {
    if (this.state.value.running?.job.id === id) await this.#services.engine.interrupt(id);
    else await this.#services.upscales.remove(id);
  }

  async cancelAll(): Promise<void> {
    const waiting = this.state.value.jobs.filter(({ status }) => status !== "running");
    for (const { id } of waiting) await this.#services.upscales.remove(id);
    const { running } = this.state.value;
    if (running) await this.#services.engine.interrupt(running.job.id);
  }

  async retry(id: string): Promise<void> {
    await this.#services.upscales.jobs.retry(id);
    this.resume();
  }

  dismissFailure(): void {
    this.state.patch({ failure: undefined });
  }

  /** What the engine tells; a picture is stored before it resolves. */
  async receive(event: EngineEvent): Promise<void> {
    const { running } = this.state.value;
    if (!running || event.jobId !== running.job.id) return;
    if (event.type === "tile") {
      const { tile, tiles, pass, passes, secondsLeft, fraction } = event;
      this.state.patch({ running: { job: running.job, tile, tiles, pass, passes, secondsLeft, fraction } });
    } else if (event.type === "picture") {
      const { fileName: sourceName, pictureId: sourceId } = running.job.request;
      const lineage = { operation: "upscale", sourceName } as const;
      try {
        const picture = await this.#services.gallery.addDerived(
          event.picture,
          sourceId === undefined ? lineage : { ...lineage, sourceId },
        );
        await this.#keep(running.job, picture);
      } catch (error) {
        this.#storeFailure = error;
        throw error;
      }
    }
  }

  async #keep(job: QueuedUpscale, picture: PictureRecord): Promise<void> {
    const { file } = await this.#services.upscales.openRequest(job);
    const result = { id: job.id, name: job.request.fileName, before: file, picture };
    this.state.patch({ results: [result, ...this.state.value.results].slice(0, MAX_RESULTS) });
  }

  async #refresh(): Promise<void> {
    this.state.patch({ jobs: await this.#services.upscales.jobs.list() });
  }

  #pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    sessionStorage.setItem(RUNNING_MARK, "1");
    this.#runAll()
      .catch((error: unknown) => this.state.patch({ failure: serializeError(error), paused: true }))
      .finally(() => {
        this.#pumping = false;
        sessionStorage.removeItem(RUNNING_MARK);
      });
  }

  async #runAll(): Promise<void> {
    while (!this.state.value.paused) {
      const job = await this.#services.upscales.jobs.takeNext();
      if (!job) return;
      await this.#run(job);
    }
  }

  async #run(job: QueuedUpscale): Promise<void> {
    const { engine, upscales } = this.#services;
    this.#storeFailure = undefined;
    this.state.patch({ running: { job, fraction: 0 } });
    try {
      await engine.upscale(job.id, await upscales.openRequest(job));
      await upscales.remove(job.id);
    } catch (error) {
      if (isAppError(error, "Interrupted")) return await upscales.remove(job.id);
      const failure = serializeError(this.#storeFailure ?? error);
      await upscales.jobs.fail(job.id, failure);
      if (PAUSING_FAILURES.has(failure.name)) this.state.patch({ failure, paused: true });
    } finally {
      this.state.patch({ running: undefined });
    }
  }
}
