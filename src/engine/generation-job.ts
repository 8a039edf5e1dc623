// One job from request to delivered pictures: loads what it needs, runs the pipeline batch by batch, reports, measures.
// Queueing and recovery from a lost device are the engine's.

import { latentPreview } from "../imaging/latent-preview.ts";
import type { OrtRuntime } from "../ort/ort-runtime.ts";
import type { PixelTensor, Vae } from "../pipeline/components.ts";
import { textToImage, type TextToImageHooks } from "../pipeline/text-to-image.ts";
import { isAppError } from "../protocol/app-error.ts";
import type { EngineEvent, LatentPreview } from "../protocol/engine-api.ts";
import type { GenerationRequest, GenerationSummary } from "../protocol/generation-request.ts";
import { DecodedPreviews, type LatentShape } from "./decoded-previews.ts";
import { PhaseClock } from "./job-clock.ts";
import type { JobControl } from "./job-queue.ts";
import { createCpuLatentStore, createGpuLatentStore, type LatentStore } from "./latent-store.ts";
import { loraWarnings } from "./lora-files.ts";
import type { ModelLoader } from "./model-loader.ts";
import type { OpenedModel } from "./opened-model.ts";
import { explainOutOfMemory } from "./memory-policy.ts";
import { createVae, OrtDiffusionModel, type PromptKeys } from "./ort-components.ts";
import { pictureFile, type EncodePng } from "./picture-file.ts";
import { prepareJob, type PreparedJob, type WhileLoading } from "./prepare-job.ts";
import { StepMeter } from "./step-meter.ts";
import { TensorDump } from "./tensor-dump.ts";

export interface GenerationJob {
  readonly jobId: string;
  readonly request: GenerationRequest;
  readonly control: JobControl;
  readonly runtime: OrtRuntime;
  readonly loader: ModelLoader;
  readonly encodePng: EncodePng;
  readonly version: string;
  emit(event: EngineEvent): void;
  /** Awaited: the picture is stored before the job goes on. */
  deliver(event: EngineEvent & { readonly type: "picture" }): Promise<void>;
}

/** Of a job that never started. */
export function interruptedSummary(jobId: string): GenerationSummary {
  return {
    jobId,
    outcome: "interrupted",
    pictures: 0,
    warnings: [],
    phaseSeconds: { load: 0, text: 0, steps: 0, decode: 0 },
    secondsPerStep: 0,
    overheadShare: 0,
  };
}

/** Rejects with what went wrong; an interrupted job resolves, its finished pictures were delivered. */
export function runGenerationJob(job: GenerationJob): Promise<GenerationSummary> {
  return job.runtime.device.kind === "webgpu"
    ? new JobRun(job, () => createGpuLatentStore(job.runtime)).run()
    : new JobRun(job, createCpuLatentStore).run();
}

/** In the order they are needed. */
const COMPONENTS = ["text encoder", "vae encoder", "unet", "vae decoder"] as const;

class JobRun<X> {
  readonly #job: GenerationJob;
  readonly #createStore: () => LatentStore<X>;
  readonly #clock = new PhaseClock(() => performance.now());
  readonly #meter: StepMeter;
  readonly #dump: TensorDump;
  readonly #announced = new Set<string>();
  readonly #decoded: DecodedPreviews;
  #prepared: PreparedJob | undefined;
  #pictures = 0;
  #warnings: readonly string[] = [];

  constructor(job: GenerationJob, createStore: () => LatentStore<X>) {
    this.#job = job;
    this.#createStore = createStore;
    this.#meter = new StepMeter(job.runtime, job.request.batchCount, job.request.steps);
    this.#dump = new TensorDump(job.request.dumpTensors ?? false);
    this.#decoded = new DecodedPreviews(
      (latents, shape) => this.#decodeSmall(latents, shape),
      job.loader.decodingPace,
      () => performance.now(),
    );
  }

  async run(): Promise<GenerationSummary> {
    const { request, loader, control } = this.#job;
    try {
      const prepared = await this.#clock.during("text", () =>
        prepareJob(request, loader, this.#whileLoading),
      );
      this.#prepared = prepared;
      this.#warnings = loraWarnings(prepared.model.loras);
      this.#dump.conditioning("conditioning", prepared.positive[0].conditioning);
      this.#dump.conditioning("unconditional", prepared.negative?.[0].conditioning);
      for (let batch = 0; batch < request.batchCount; batch++) {
        control.interrupted.throwIfAborted();
        await this.#batchOrSkip(prepared, batch);
      }
    } catch (error) {
      if (control.interrupted.aborted && isAppError(error, "Interrupted"))
        return this.#summary("interrupted");
      throw this.#explained(error);
    }
    return this.#summary("finished");
  }

  /** Memory that ran out although the plan was possible: the plan's figures are what the user can act on. */
  #explained(error: unknown): unknown {
    const { request, loader } = this.#job;
    if (!this.#prepared || !isAppError(error, "OutOfMemory")) return error;
    const { model, memory, negative } = this.#prepared;
    const planned = { ...request, guided: negative !== undefined, precision: loader.precision(model) };
    return explainOutOfMemory(model.record.name, planned, memory, error);
  }

  async #batchOrSkip(prepared: PreparedJob, batch: number): Promise<void> {
    const { control } = this.#job;
    const signal = control.nextBatch();
    try {
      const pictures = await this.#rightNumbers(prepared, () => this.#batch(prepared, batch, signal));
      if (!control.interrupted.aborted) signal.throwIfAborted(); // skipped while decoding; an interrupt keeps what is done
      await this.#deliver(prepared, batch, pictures);
    } catch (error) {
      const skipped = signal.aborted && !control.interrupted.aborted && isAppError(error, "Interrupted");
      if (!skipped) throw error;
    }
  }

  /** float16 overflows with some models where float32 does not, so wrong numbers get one more chance. */
  async #rightNumbers<T>({ model }: PreparedJob, task: () => Promise<T>): Promise<T> {
    const { loader } = this.#job;
    try {
      return await task();
    } catch (error) {
      if (!isAppError(error, "NumericFailure") || !loader.canUseFloat32(model)) throw error;
      await loader.useFloat32(model);
      return task();
    }
  }

  async #batch(prepared: PreparedJob, batch: number, signal: AbortSignal): Promise<readonly PixelTensor[]> {
    const { request, loader } = this.#job;
    const { model, latentShape, memory } = prepared;
    const [, latentHeight, latentWidth] = latentShape;
    const { width, height, batchSize } = request;
    const store = this.#createStore();
    const diffusionModel = new OrtDiffusionModel(
      store,
      { batch: batchSize, latentHeight, latentWidth, separate: memory.separateGuidance },
      (shape) => this.#whileLoading("unet", () => loader.unet(model, shape)),
      memory.promptKeysFed ? this.#promptKeys(model) : undefined,
    );
    const vae = createVae(store, {
      batch: batchSize,
      width,
      height,
      latentShape,
      tile: memory.vaeTile,
      decoder: (size) =>
        this.#whileLoading("vae decoder", () => loader.vaeDecoder(model, size.height, size.width)),
      encoder: (size) => loader.vaeEncoder(model, size.height, size.width),
    });
    const components = {
      ...prepared,
      model: diffusionModel,
      vae: { ...vae, decode: (latents: X) => this.#decode(vae, latents) },
    };
    try {
      return await this.#clock.during("steps", () =>
        textToImage(
          components,
          {
            ...prepared,
            guidanceScale: request.guidanceScale,
            seeds: this.#seeds(batch),
            noiseSource: request.noiseSource,
          },
          this.#hooks(prepared, batch, signal),
        ),
      );
    } finally {
      store.dispose();
    }
  }

  #promptKeys(model: OpenedModel): PromptKeys | undefined {
    const keys = this.#job.loader.promptKeys(model);
    return keys && { ...keys, session: (rows) => this.#whileLoading("unet", () => keys.session(rows)) };
  }

  async #decodeSmall(latents: Float32Array, shape: LatentShape): Promise<Float32Array | undefined> {
    const { request, loader } = this.#job;
    if (!this.#prepared || request.previewMethod !== "decoder") return undefined;
    const { model } = this.#prepared;
    const session = await this.#clock.during("load", () => loader.previewDecoder(model, shape));
    return session && (await session.run({ latents })).pixels;
  }

  async #decode(vae: Vae<X>, latents: X): Promise<readonly PixelTensor[]> {
    const before = this.#clock.seconds.decode;
    const pictures = await this.#clock.during("decode", () => vae.decode(latents));
    this.#meter.addDecode(this.#clock.seconds.decode - before);
    return pictures;
  }

  #seeds(batch: number): readonly number[] {
    const { seed, batchSize } = this.#job.request;
    return Array.from({ length: batchSize }, (_, i) => seed + batch * batchSize + i);
  }

  /** A decoded preview stays on the page until the next one is due; colours come with every step. */
  async #preview(
    { model, latentShape }: PreparedJob,
    denoised: Float32Array | undefined,
    secondsPerStep: number,
  ): Promise<LatentPreview | undefined> {
    if (!denoised || !this.#wantsPreview()) return undefined;
    const decoded = this.#decoded.works
      ? await this.#decoded.preview(denoised, latentShape, secondsPerStep)
      : undefined;
    const [, height, width] = latentShape;
    return decoded ?? latentPreview(denoised, width, height, model.detected.latentRgbFactors);
  }

  #wantsPreview(): boolean {
    return this.#job.request.preview && (!this.#decoded.works || this.#decoded.due);
  }

  #hooks(prepared: PreparedJob, batch: number, signal: AbortSignal): TextToImageHooks {
    const { jobId, request, emit } = this.#job;
    const { steps, batchSize, batchCount } = request;
    const { latentShape } = prepared;
    return {
      signal,
      wantsPreview: () => this.#wantsPreview(),
      onStart: (noise) => {
        if (batch === 0) this.#dump.latents("noise", latentShape, noise);
        this.#meter.begin();
      },
      onStep: async (index, denoised) => {
        const step = index + 1;
        const progress = this.#meter.end(batch, step);
        const place = { picture: batch * batchSize, pictures: batchCount * batchSize, step, steps };
        const preview = await this.#preview(prepared, denoised, progress.secondsPerStep);
        emit({ type: "step", jobId, ...place, ...progress, preview });
      },
      onDecode: async (latents) => {
        if (batch === 0 && this.#dump.wanted) this.#dump.latents("latents", latentShape, await latents());
      },
    };
  }

  async #deliver(prepared: PreparedJob, batch: number, pictures: readonly PixelTensor[]): Promise<void> {
    const { jobId, request, loader, encodePng, version, deliver } = this.#job;
    const { record, vae, loras } = prepared.model;
    const { embeddings } = prepared;
    const seeds = this.#seeds(batch);
    if (batch === 0) this.#dump.image(pictures[0]);
    const described = { ...request, prompt: prepared.prompt };
    const hashed = await Promise.all(
      loras.map(async ({ id, name }) => ({ name, hash: await loader.loraHash(id) })),
    );
    for (const [i, pixels] of pictures.entries()) {
      const seed = seeds[i];
      const { file, infotext } = await pictureFile(
        pixels,
        { request: described, seed, record, vae: vae.record, embeddings, loras: hashed, version },
        encodePng,
      );
      const { width, height } = pixels;
      const index = batch * request.batchSize + i;
      await deliver({
        type: "picture",
        jobId,
        picture: { jobId, index, seed, width, height, file, infotext },
      });
      this.#pictures += 1;
    }
  }

  /** Counts the time as loading, tells the page once per component and leaves early when the job was ended. */
  readonly #whileLoading: WhileLoading = async (component, load) => {
    const { control, jobId, emit } = this.#job;
    control.interrupted.throwIfAborted();
    if (!this.#announced.has(component)) {
      this.#announced.add(component);
      emit({
        type: "loading",
        jobId,
        component,
        fraction: COMPONENTS.indexOf(component) / COMPONENTS.length,
      });
    }
    const result = await this.#clock.during("load", load);
    control.interrupted.throwIfAborted();
    return result;
  };

  #summary(outcome: GenerationSummary["outcome"]): GenerationSummary {
    return {
      jobId: this.#job.jobId,
      outcome,
      pictures: this.#pictures,
      warnings: this.#warnings,
      phaseSeconds: this.#clock.seconds,
      secondsPerStep: this.#meter.secondsPerStep,
      overheadShare: this.#meter.overheadShare,
      ...(this.#dump.wanted && outcome === "finished" ? { tensors: this.#dump.tensors } : {}),
    };
  }
}
