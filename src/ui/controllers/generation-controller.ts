// Owns the way from the persistent queue through the engine into the gallery, one job at a time, and what the page shows of it.
// Knows no elements. Must never lose a recipe: a job leaves the queue only after it ended, a failed one stays with its reason.

import type { GalleryChange, GalleryStore } from "../../gallery/gallery-store.ts";
import type { PictureRecord } from "../../gallery/picture-record.ts";
import type { QueuedJob, QueueStore } from "../../gallery/queue-store.ts";
import { isAppError, serializeError, type SerializedError } from "../../protocol/app-error.ts";
import type {
  DevicePreference,
  DeviceReport,
  Engine,
  EngineEvent,
  LatentPreview,
} from "../../protocol/engine-api.ts";
import type {
  GeneratedPicture,
  GenerationRequest,
  GenerationSummary,
} from "../../protocol/generation-request.ts";
import { Observable } from "./observable.ts";

export interface JobProgress {
  readonly job: QueuedJob;
  /** What is being made ready; absent once steps are being taken. */
  readonly loading?: string;
  /** 0 to 1 over the whole job; loading does not count. */
  readonly fraction: number;
  readonly step: number;
  readonly steps: number;
  readonly picture: number;
  readonly pictures: number;
  readonly secondsPerStep: number;
  readonly secondsLeft?: number;
}

export interface GenerationState {
  readonly device?: DeviceReport;
  readonly deviceError?: SerializedError;
  readonly jobs: readonly QueuedJob[];
  readonly running?: JobProgress;
  /** Waiting jobs stay where they are until the user resumes. */
  readonly paused: boolean;
  /** The picture on the stage. */
  readonly shown?: PictureRecord;
  /** A picture that could not be stored; it lives until the next job. */
  readonly unsaved?: GeneratedPicture;
  /** The last thing that went wrong, until it is dismissed or a new job starts. */
  readonly failure?: SerializedError;
  /** The job that failed with it. */
  readonly failedJobId?: string;
  readonly summary?: GenerationSummary;
}

/** The engine with the page's way to end its worker and start another. */
export interface RestartableEngine extends Engine {
  restart(): Promise<DeviceReport>;
}

export interface GenerationServices {
  readonly engine: RestartableEngine;
  readonly gallery: GalleryStore;
  readonly queue: QueueStore;
  readonly baseUrl: string;
  /** Hears the engine too: it has one listener, and not every job is ours. */
  readonly alsoTell?: (event: EngineEvent) => Promise<void>;
}

// Failures that the next job would only repeat; the others are the fault of one job.
const PAUSING_FAILURES = new Set(["OutOfMemory", "DeviceLost", "WorkerLost", "StorageFull", "Unsupported"]);

const NO_FAILURE = { failure: undefined, failedJobId: undefined } as const;

// Survives a reload of this tab and ends with it: a queue that was running goes on, one that was found does not.
const RUNNING_MARK = "kiln-queue-running";

export class GenerationController {
  readonly state = new Observable<GenerationState>({ jobs: [], paused: false });
  /** Apart from the state: it changes with every step and only the stage draws it. */
  readonly preview = new Observable<LatentPreview | undefined>(undefined);
  readonly #services: GenerationServices;
  #started?: Promise<void>;
  #pumping = false;

  constructor(services: GenerationServices) {
    this.#services = services;
  }

  /** Reads the queue, then starts the engine. Call after the first paint. */
  async start(device: DevicePreference): Promise<void> {
    this.#services.queue.subscribe(() => void this.#refreshJobs());
    this.#services.gallery.subscribe((change) => void this.#followShown(change));
    const wasRunning = sessionStorage.getItem(RUNNING_MARK) !== null;
    const [jobs, newest] = await Promise.all([
      this.#services.queue.list(),
      this.#services.gallery.list({}, { limit: 1 }),
    ]);
    const waiting = jobs.some(({ status }) => status === "pending");
    this.state.patch({
      jobs,
      paused: waiting && !wasRunning,
      shown: this.state.value.shown ?? newest.pictures.at(0),
    });
    await this.changeDevice(device);
    if (waiting && wasRunning) this.#pump();
  }

  /** Puts a job into the queue and makes sure that the queue runs. */
  async enqueue(request: GenerationRequest, options: { readonly front?: boolean } = {}): Promise<void> {
    try {
      await this.#services.queue.enqueue(request, options);
    } catch (error) {
      this.state.patch({ failure: serializeError(error) });
      return;
    }
    this.resume();
  }

  resume(): void {
    this.state.patch({ paused: false, ...NO_FAILURE });
    this.#pump();
  }

  /** The running job ends in peace; nothing new starts. */
  pause(): void {
    this.state.patch({ paused: true });
    sessionStorage.removeItem(RUNNING_MARK);
  }

  async skip(): Promise<void> {
    const id = this.state.value.running?.job.id;
    if (id !== undefined) await this.#services.engine.skip(id);
  }

  async interrupt(): Promise<void> {
    const id = this.state.value.running?.job.id;
    if (id !== undefined) await this.#services.engine.interrupt(id);
  }

  async retry(id: string): Promise<void> {
    await this.#services.queue.retry(id);
    this.resume();
  }

  removeJob(id: string): Promise<void> {
    return this.#services.queue.remove(id);
  }

  moveJob(id: string, beforeId: string | undefined): Promise<void> {
    return this.#services.queue.moveBefore(id, beforeId);
  }

  clearFailed(): Promise<void> {
    return this.#services.queue.clearFailed();
  }

  show(picture: PictureRecord | undefined): void {
    this.state.patch({ shown: picture, unsaved: undefined });
  }

  dismissFailure(): void {
    this.state.patch(NO_FAILURE);
  }

  /** Ends the engine with all it holds and starts it again. The running job fails and can be retried. */
  async restartEngine(): Promise<void> {
    this.#started = this.#startEngine(({ engine }) => engine.restart());
    await this.#started;
  }

  /** Starts the engine again on another device. */
  async changeDevice(device: DevicePreference): Promise<void> {
    this.#started = this.#startEngine(({ engine, baseUrl }) => engine.start({ device, baseUrl }));
    await this.#started;
  }

  async #startEngine(start: (services: GenerationServices) => Promise<DeviceReport>): Promise<void> {
    this.state.patch({ device: undefined, deviceError: undefined, ...NO_FAILURE });
    try {
      await this.#services.engine.subscribe(async (event) => {
        await Promise.all([this.#receive(event), this.#services.alsoTell?.(event)]);
      });
      this.state.patch({ device: await start(this.#services) });
    } catch (error) {
      this.state.patch({ deviceError: serializeError(error) });
    }
  }

  async #refreshJobs(): Promise<void> {
    this.state.patch({ jobs: await this.#services.queue.list() });
  }

  /** The picture on the stage may be deleted or starred from elsewhere. */
  async #followShown({ ids }: GalleryChange): Promise<void> {
    const { shown } = this.state.value;
    if (!shown || !ids.includes(shown.id)) return;
    const current = await this.#services.gallery.get(shown.id);
    if (this.state.value.shown?.id === shown.id) this.state.patch({ shown: current });
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
    await this.#started;
    while (!this.state.value.paused) {
      const job = await this.#services.queue.takeNext();
      if (!job) return;
      await this.#run(job);
    }
  }

  async #run(job: QueuedJob): Promise<void> {
    const { engine, queue } = this.#services;
    this.preview.set(undefined);
    this.state.patch({
      running: firstProgress(job),
      ...NO_FAILURE,
      unsaved: undefined,
      summary: undefined,
    });
    try {
      const summary = await engine.generate(job.id, job.request);
      await queue.finish(job.id);
      this.state.patch({ summary });
    } catch (error) {
      if (isAppError(error, "Interrupted")) return await queue.finish(job.id);
      const failure = serializeError(error);
      await queue.fail(job.id, failure);
      const paused = this.state.value.paused || PAUSING_FAILURES.has(failure.name);
      this.state.patch({ failure, failedJobId: job.id, paused });
    } finally {
      this.state.patch({ running: undefined });
      this.preview.set(undefined);
    }
  }

  async #receive(event: EngineEvent): Promise<void> {
    const { running } = this.state.value;
    if (!running || event.jobId !== running.job.id) return;
    switch (event.type) {
      case "loading":
        this.state.patch({ running: { ...running, loading: event.component } });
        break;
      case "step": {
        const { fraction, step, steps, picture, pictures, secondsPerStep, secondsLeft } = event;
        const progress = { fraction, step, steps, picture, pictures, secondsPerStep, secondsLeft };
        this.state.patch({ running: { job: running.job, ...progress } });
        if (event.preview) this.preview.set(event.preview);
        break;
      }
      case "picture":
        await this.#store(event.picture, running.job.request);
        break;
      case "tile": // of an upscaling job
      case "started":
      case "finished":
      case "failed":
        break; // `generate` itself resolves or rejects
      default:
        event satisfies never;
    }
  }

  async #store(picture: GeneratedPicture, request: GenerationRequest): Promise<void> {
    try {
      const shown = await this.#services.gallery.add(picture, request);
      this.preview.set(undefined);
      this.state.patch({ shown });
    } catch (error) {
      this.state.patch({ unsaved: picture, failure: serializeError(error), paused: true });
    }
  }
}

function firstProgress(job: QueuedJob): JobProgress {
  const { steps, batchCount, batchSize } = job.request;
  return {
    job,
    fraction: 0,
    step: 0,
    steps,
    picture: 0,
    pictures: batchCount * batchSize,
    secondsPerStep: 0,
  };
}
