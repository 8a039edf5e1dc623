// The engine as the page sees it: the same interface, over the port, surviving the worker's death. Keeps no recipes and
// stores no pictures.

import { proxy, type Remote } from "comlink";
import { AppError, isAppError, serializeError } from "../protocol/app-error.ts";
import type { DeviceReport, Engine, EngineEvent, EngineStart, TokenCount } from "../protocol/engine-api.ts";
import type { GenerationRequest, GenerationSummary } from "../protocol/generation-request.ts";
import type { UpscaleRequest, UpscaleSummary } from "../protocol/upscale-request.ts";
import { WorkerHost, type StartWorker } from "./worker-host.ts";

/** How long an interrupted job may go on before its worker is ended: longer than a step on a slow machine. */
const INTERRUPT_GRACE_MS = 15_000;

const startEngineWorker: StartWorker = (name) =>
  new Worker(new URL("../workers/engine.worker.ts", import.meta.url), { type: "module", name });

type Listener = (event: EngineEvent) => void | Promise<void>;

interface Job {
  /** Set by its "started" event. */
  started: boolean;
  interrupted: boolean;
  /** What the listener threw at a picture: the port would strip its details. */
  listenerFailure?: unknown;
}

type SendJob<Summary> = (engine: Remote<Engine>) => Promise<Summary>;

/** The engine begins no job after these: its runtime is not to be trusted any more, and a new worker is. */
const FATAL_FAILURES = ["DeviceLost", "OutOfMemory"] as const;

/**
 * When the worker dies, the job it was running rejects with WorkerLost (Interrupted, if it had been told to stop), because
 * a picture that killed it once would again. Jobs that only waited are sent to the next worker in their order; their
 * callers notice nothing. A lost device and exhausted memory cost the worker its life too, after the job was told.
 */
export class EngineClient implements Engine {
  readonly #host: WorkerHost<Engine>;
  readonly #graceMs: number;
  readonly #jobs = new Map<string, Job>();
  #options: EngineStart | undefined;
  /** Resolves with the first start(); calls made earlier wait for it. */
  readonly #asked: Promise<void>;
  #resolveAsked: () => void = () => undefined;
  #listener: Listener = () => undefined;
  /** The set-up of the worker that lives now; undefined when there is none. */
  #ready: Promise<DeviceReport> | undefined;

  constructor(startWorker: StartWorker = startEngineWorker, graceMs = INTERRUPT_GRACE_MS) {
    this.#host = new WorkerHost("engine", startWorker);
    this.#graceMs = graceMs;
    this.#asked = new Promise((resolve) => (this.#resolveAsked = resolve));
  }

  start(options: EngineStart): Promise<DeviceReport> {
    this.#options = options;
    this.#resolveAsked();
    return this.#prepare(options);
  }

  subscribe(listener: Listener): Promise<void> {
    this.#listener = listener;
    return Promise.resolve();
  }

  generate(jobId: string, request: GenerationRequest): Promise<GenerationSummary> {
    return this.#job(jobId, (engine) => engine.generate(jobId, request));
  }

  /** Where tiles ran out of memory and a fresh worker may have room for smaller ones, it is asked again with those. */
  async upscale(jobId: string, request: UpscaleRequest): Promise<UpscaleSummary> {
    try {
      return await this.#job(jobId, (engine) => engine.upscale(jobId, request));
    } catch (error) {
      const smaller = isAppError(error, "OutOfMemory") ? error.details.smallerTileSize : undefined;
      if (typeof smaller !== "number" || smaller >= (request.maxTileSize ?? Infinity)) throw error;
      return this.upscale(jobId, { ...request, maxTileSize: smaller });
    }
  }

  async skip(jobId: string): Promise<void> {
    if (this.#host.alive) await this.#host.call((engine) => engine.skip(jobId));
  }

  /** Asks the job to end, and ends its worker when it has not within the grace time. */
  async interrupt(jobId: string): Promise<void> {
    const job = this.#jobs.get(jobId);
    if (!job) return;
    job.interrupted = true;
    setTimeout(() => {
      if (this.#jobs.get(jobId) === job && job.started) this.#terminate("it did not react to Interrupt.");
    }, this.#graceMs);
    if (this.#host.alive) await this.#sendInterrupt(jobId);
  }

  async countTokens(modelId: string, text: string): Promise<TokenCount> {
    await this.#started();
    return this.#host.call((engine) => engine.countTokens(modelId, text));
  }

  async unload(): Promise<void> {
    if (this.#host.alive) await this.#host.call((engine) => engine.unload());
  }

  /** Ends the worker and everything it does, and starts a new one: the user's "Restart engine". */
  async restart(): Promise<DeviceReport> {
    this.#terminate("it was restarted.");
    return this.#started();
  }

  async #job<Summary>(jobId: string, send: SendJob<Summary>): Promise<Summary> {
    const job: Job = { started: false, interrupted: false };
    this.#jobs.set(jobId, job);
    try {
      return await this.#send(jobId, job, send);
    } catch (error) {
      const failure = this.#explain(jobId, job, error);
      // The worker tells its own failures; one that it did not live to tell is told here.
      if (isAppError(failure, "WorkerLost", "Interrupted")) {
        await this.#tell({ type: "failed", jobId, error: serializeError(failure) });
      }
      throw failure;
    } finally {
      this.#jobs.delete(jobId);
    }
  }

  async #sendInterrupt(jobId: string): Promise<void> {
    try {
      await this.#host.call((engine) => engine.interrupt(jobId));
    } catch (error) {
      if (!isAppError(error, "WorkerLost")) throw error; // a dead worker has stopped
    }
  }

  async #send<Summary>(jobId: string, job: Job, send: SendJob<Summary>): Promise<Summary> {
    for (;;) {
      await this.#started();
      try {
        const end = this.#host.call(send);
        // An interrupt that came before the worker knew the job is told now.
        const told = job.interrupted ? this.#sendInterrupt(jobId) : undefined;
        return (await Promise.all([end, told]))[0];
      } catch (error) {
        if (isAppError(error, ...FATAL_FAILURES)) this.#terminate("it had to recover.");
        this.#forgetDeadWorker();
        const waited = isAppError(error, "WorkerLost") && !job.started && !job.interrupted;
        if (!waited) throw error;
      }
    }
  }

  #explain(jobId: string, job: Job, error: unknown): unknown {
    if (job.listenerFailure !== undefined) return job.listenerFailure;
    if (!job.interrupted || !isAppError(error, "WorkerLost")) return error;
    return new AppError(
      "Interrupted",
      "The job was interrupted. It did not stop in time, so the engine was restarted.",
      { where: jobId, expected: `an end within ${this.#graceMs / 1000} s`, got: "none" },
      { cause: error },
    );
  }

  async #started(): Promise<DeviceReport> {
    await this.#asked;
    this.#forgetDeadWorker();
    return this.#ready ?? this.#prepare(this.#options as EngineStart);
  }

  #prepare(options: EngineStart): Promise<DeviceReport> {
    const ready = this.#setUp(options);
    this.#ready = ready;
    ready.catch(() => {
      if (this.#ready === ready) this.#ready = undefined; // the next call tries again
    });
    return ready;
  }

  async #setUp(options: EngineStart): Promise<DeviceReport> {
    const listener = proxy((event: EngineEvent) => this.#receive(event));
    await this.#host.call((engine) => engine.subscribe(listener));
    return this.#host.call((engine) => engine.start(options));
  }

  async #receive(event: EngineEvent): Promise<void> {
    // Events travel on a port of their own, so the last ones may come after generate() has answered.
    const job = this.#jobs.get(event.jobId);
    if (job && event.type === "started") job.started = true;
    try {
      await this.#listener(event);
    } catch (error) {
      if (job && event.type === "picture") job.listenerFailure ??= error;
      throw error;
    }
  }

  async #tell(event: EngineEvent): Promise<void> {
    try {
      await this.#listener(event);
    } catch {
      // the caller of generate() gets the failure either way
    }
  }

  #terminate(reason: string): void {
    this.#host.terminate(reason);
    this.#forgetDeadWorker();
  }

  #forgetDeadWorker(): void {
    if (!this.#host.alive) this.#ready = undefined;
  }
}
