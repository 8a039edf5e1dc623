// The Engine behind the wall: starts the runtime, queues jobs and answers small questions. The work of one job is in
// generation-job.ts or upscale-job.ts.

import { chooseDevice } from "../ort/compute-device.ts";
import { loadOrt, type OrtBuild } from "../ort/ort-build.ts";
import { OrtRuntime } from "../ort/ort-runtime.ts";
import { countPromptTokens } from "../pipeline/conditioning.ts";
import { validateUpscaleRequest } from "../pipeline/upscale-target.ts";
import { validateRequest } from "../pipeline/validate-request.ts";
import { withoutLoraTags } from "../prompt/lora-tags.ts";
import { AppError, isAppError, serializeError } from "../protocol/app-error.ts";
import type { DeviceReport, Engine, EngineEvent, EngineStart, TokenCount } from "../protocol/engine-api.ts";
import type { GenerationRequest, GenerationSummary } from "../protocol/generation-request.ts";
import type { UpscaleRequest, UpscaleSummary } from "../protocol/upscale-request.ts";
import { interruptedSummary, runGenerationJob } from "./generation-job.ts";
import { JobQueue, type JobControl } from "./job-queue.ts";
import { memoryLimits } from "./memory-policy.ts";
import { ModelLoader, type ListModels } from "./model-loader.ts";
import type { DefaultTokenizer, OpenModel } from "./opened-model.ts";
import type { EncodePng } from "./picture-file.ts";
import { interruptedUpscale, runUpscaleJob, type DecodePicture } from "./upscale-job.ts";

/** What the engine needs from its surroundings; the worker entry wires the real ones. */
export interface EngineSurroundings {
  /** `baseUrl` is the one given to `start`. */
  readonly openModel: (modelId: string, baseUrl: string) => ReturnType<OpenModel>;
  /** All models of the library, for what prompts call by name. */
  readonly listModels?: (baseUrl: string) => ReturnType<ListModels>;
  readonly defaultTokenizer: DefaultTokenizer;
  readonly encodePng: EncodePng;
  readonly decodePicture: DecodePicture;
  /** Of the machine, in GiB, where the browser tells it. */
  readonly deviceMemoryGib?: number;
  /** For the infotext: "0.1.0". */
  readonly version: string;
  /** Loads the runtime; tests give Node's build. */
  readonly loadOrt?: () => Promise<OrtBuild>;
}

/**
 * After these the runtime cannot be trusted in this worker any more: a heap that gave out answers anything, and a device
 * lost while a session was made leaves the runtime waiting for it. No further job is begun; whoever owns the worker ends it
 * and sends the waiting jobs to the next one (client/engine-client.ts does).
 */
const FATAL_FAILURES = ["DeviceLost", "OutOfMemory"] as const;

interface Running {
  readonly runtime: OrtRuntime;
  readonly loader: ModelLoader;
}

export class KilnEngine implements Engine {
  readonly #surroundings: EngineSurroundings;
  readonly #queue = new JobQueue();
  #build: Promise<OrtBuild> | undefined;
  #options: EngineStart | undefined;
  #running: Promise<Running> | undefined;
  #listener: (event: EngineEvent) => void | Promise<void> = () => undefined;

  constructor(surroundings: EngineSurroundings) {
    this.#surroundings = surroundings;
  }

  /** Starting again with another device frees everything first; the queue goes on. */
  async start(options: EngineStart): Promise<DeviceReport> {
    const changed = this.#options !== undefined && this.#options.device !== options.device;
    this.#options = options; // before unloading: the job after it must find the new device
    if (changed) await this.unload();
    return (await this.#ready()).runtime.device.report;
  }

  subscribe(listener: (event: EngineEvent) => void | Promise<void>): Promise<void> {
    this.#listener = listener;
    return Promise.resolve();
  }

  async generate(jobId: string, request: GenerationRequest): Promise<GenerationSummary> {
    return this.#job(
      jobId,
      () => validateRequest(request),
      ({ runtime, loader }, control) =>
        runGenerationJob({ jobId, request, control, runtime, loader, ...this.#jobSurroundings() }),
      () => interruptedSummary(jobId),
    );
  }

  async upscale(jobId: string, request: UpscaleRequest): Promise<UpscaleSummary> {
    const { decodePicture } = this.#surroundings;
    return this.#job(
      jobId,
      () => validateUpscaleRequest(request),
      ({ runtime, loader }, control) =>
        runUpscaleJob({
          jobId,
          request,
          control,
          runtime,
          loader,
          decodePicture,
          ...this.#jobSurroundings(),
        }),
      () => interruptedUpscale(jobId),
    );
  }

  skip(jobId: string): Promise<void> {
    this.#queue.skip(jobId);
    return Promise.resolve();
  }

  interrupt(jobId: string): Promise<void> {
    this.#queue.interrupt(jobId);
    return Promise.resolve();
  }

  async countTokens(modelId: string, text: string): Promise<TokenCount> {
    const { loader } = await this.#ready();
    const model = await loader.open(modelId);
    const embeddings = await loader.embeddings(model);
    return countPromptTokens(embeddings.tokenizer(model.tokenizers[0]), withoutLoraTags(text));
  }

  /** Waits for running jobs to end, then frees sessions and the device. */
  async unload(): Promise<void> {
    if (!this.#running) return;
    await this.#queue.betweenJobs(async () => {
      const running = await this.#running;
      this.#running = undefined;
      await running?.loader.unload();
      running?.runtime.dispose();
    });
  }

  /** Queues a job, tells how it goes and ends, and begins no other after a failure that the runtime does not survive. */
  async #job<Summary extends GenerationSummary | UpscaleSummary>(
    jobId: string,
    validate: () => void,
    run: (running: Running, control: JobControl) => Promise<Summary>,
    interrupted: () => Summary,
  ): Promise<Summary> {
    try {
      validate();
      const end = await this.#queue.add(jobId, async (control) => {
        this.#emit({ type: "started", jobId });
        return run(await this.#ready(), control).catch((error: unknown) => {
          if (isAppError(error, ...FATAL_FAILURES)) this.#queue.stop();
          throw error;
        });
      });
      const summary = end.outcome === "ended" ? end.value : interrupted();
      this.#emit({ type: "finished", jobId, summary });
      return summary;
    } catch (error) {
      this.#emit({ type: "failed", jobId, error: serializeError(error) });
      throw error;
    }
  }

  #jobSurroundings() {
    const { encodePng, version } = this.#surroundings;
    return {
      encodePng,
      version,
      emit: (event: EngineEvent) => this.#emit(event),
      deliver: (picture: EngineEvent & { type: "picture" }) => this.#deliver(picture),
    };
  }

  async #ready(): Promise<Running> {
    const options = this.#options;
    if (!options) {
      throw new AppError("Unsupported", "The engine was not started.", {
        where: "engine",
        expected: "start() first",
      });
    }
    this.#running ??= this.#open(options);
    try {
      const running = await this.#running;
      if (running.runtime.usable) return running;
    } catch (error) {
      this.#running = undefined; // so that the next call tries again
      throw error;
    }
    this.#running = this.#open(options);
    return this.#running;
  }

  async #open({ device, baseUrl }: EngineStart): Promise<Running> {
    this.#build ??= (this.#surroundings.loadOrt ?? loadOrt)();
    let build;
    try {
      build = await this.#build;
    } catch (error) {
      this.#build = undefined;
      throw error;
    }
    const runtime = new OrtRuntime(build, await chooseDevice(device, build.threads));
    const { openModel, listModels, defaultTokenizer, deviceMemoryGib } = this.#surroundings;
    const { device: opened } = runtime;
    const maxBuffer = opened.kind === "webgpu" ? opened.gpu.limits.maxBufferSize : undefined;
    const limits = memoryLimits(opened.kind, deviceMemoryGib, maxBuffer);
    return {
      runtime,
      loader: new ModelLoader(
        runtime,
        (id) => openModel(id, baseUrl),
        defaultTokenizer,
        limits,
        listModels && (() => listModels(baseUrl)),
      ),
    };
  }

  /** Progress is told and forgotten: a listener that fails must not fail the job. */
  #emit(event: EngineEvent): void {
    void Promise.resolve(this.#listener(event)).catch(() => undefined);
  }

  async #deliver(event: EngineEvent & { type: "picture" }): Promise<void> {
    await this.#listener(event);
  }
}
