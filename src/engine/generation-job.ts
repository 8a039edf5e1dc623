// One job from request to delivered pictures: loads what it needs, runs the pipeline batch by batch, reports, measures.
// Queueing and recovery from a lost device are the engine's.

import { latentPreview } from "../imaging/latent-preview.ts";
import type { Conditioning, PixelTensor, TextEncoder } from "../pipeline/components.ts";
import { encodePrompt } from "../pipeline/conditioning.ts";
import { needsNegative } from "../pipeline/guidance.ts";
import { textToImage } from "../pipeline/text-to-image.ts";
import { isAppError } from "../protocol/app-error.ts";
import type { EngineEvent } from "../protocol/engine-api.ts";
import type { DumpedTensor, GenerationRequest, GenerationSummary } from "../protocol/generation-request.ts";
import { discreteNoiseSchedule, type NoiseSchedule } from "../sampling/noise-schedule.ts";
import { predictions } from "../sampling/prediction.ts";
import { samplerNamed, sigmasFor, type SamplerRow } from "../sampling/samplers.ts";
import { PhaseClock, ProgressEstimate } from "./job-clock.ts";
import type { JobControl } from "./job-queue.ts";
import { createCpuLatentStore, createGpuLatentStore, type LatentStore } from "./latent-store.ts";
import type { ModelLoader, OpenedModel } from "./model-loader.ts";
import { createTextEncoder, createVae, OrtDiffusionModel } from "./ort-components.ts";
import { pictureFile, type EncodePng } from "./picture-file.ts";
import type { OrtRuntime } from "../ort/ort-runtime.ts";

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

/** What the batches of a job share. */
interface Prepared {
  readonly model: OpenedModel;
  readonly sampler: SamplerRow;
  readonly sigmas: Float32Array;
  readonly noiseSchedule: NoiseSchedule;
  readonly latentShape: readonly [number, number, number];
  readonly positive: Conditioning;
  readonly negative: Conditioning | undefined;
}

export function interruptedSummary(jobId: string): GenerationSummary {
  return {
    jobId,
    outcome: "interrupted",
    pictures: 0,
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

const COMPONENTS = ["text encoder", "unet", "vae decoder"] as const;

class JobRun<X> {
  readonly #job: GenerationJob;
  readonly #createStore: () => LatentStore<X>;
  readonly #clock = new PhaseClock(() => performance.now());
  readonly #estimate: ProgressEstimate;
  readonly #tensors: Record<string, DumpedTensor> = {};
  #pictures = 0;
  /** Seconds of all steps, and the part the runtime was busy. */
  #stepSeconds = 0;
  #busySeconds = 0;

  constructor(job: GenerationJob, createStore: () => LatentStore<X>) {
    this.#job = job;
    this.#createStore = createStore;
    this.#estimate = new ProgressEstimate(job.request.batchCount, job.request.steps);
  }

  async run(): Promise<GenerationSummary> {
    const { request, control } = this.#job;
    try {
      const prepared = await this.#prepare();
      for (let batch = 0; batch < request.batchCount; batch++) {
        control.interrupted.throwIfAborted();
        await this.#batchOrSkip(prepared, batch);
      }
    } catch (error) {
      if (control.interrupted.aborted && isAppError(error, "Interrupted")) return this.#summary("interrupted");
      throw error;
    }
    return this.#summary("finished");
  }

  async #prepare(): Promise<Prepared> {
    const { request, loader } = this.#job;
    const model = await this.#loading("text encoder", () => loader.open(request.modelId));
    const { family, unet, vae, textEncoders } = model.detected;
    const noiseSchedule = discreteNoiseSchedule(family.noiseSchedule);
    const sampler = samplerNamed(request.sampler);
    const sigmas = sampler && sigmasFor(sampler, request.schedule, request.steps, noiseSchedule);
    if (!sampler || !sigmas) throw new Error("the request was not validated");
    const encoder = createTextEncoder(textEncoders[0].width, (clipSkip) =>
      this.#loading("text encoder", () => loader.textEncoder(model, clipSkip)),
    );
    const positive = await this.#encode("prompt", request.prompt, model, encoder);
    const negative = needsNegative(request.guidanceScale)
      ? await this.#encode("negativePrompt", request.negativePrompt, model, encoder)
      : undefined;
    if (request.dumpTensors) {
      this.#dump("conditioning", [1, positive.tokens, positive.width], positive.context);
      if (negative) this.#dump("unconditional", [1, negative.tokens, negative.width], negative.context);
    }
    const latentShape = [
      unet.outChannels,
      Math.ceil(request.height / vae.downscale),
      Math.ceil(request.width / vae.downscale),
    ] as const;
    return { model, sampler, sigmas, noiseSchedule, latentShape, positive, negative };
  }

  #encode(
    field: "prompt" | "negativePrompt",
    text: string,
    model: OpenedModel,
    encoder: TextEncoder,
  ): Promise<Conditioning> {
    return this.#clock.during("text", () =>
      encodePrompt(text, field, model.tokenizer, encoder, this.#job.request.clipSkip),
    );
  }

  async #batchOrSkip(prepared: Prepared, batch: number): Promise<void> {
    const { control } = this.#job;
    const signal = control.nextBatch();
    try {
      await this.#batchInFloat32IfNeeded(prepared, batch, signal);
    } catch (error) {
      const skipped = signal.aborted && !control.interrupted.aborted && isAppError(error, "Interrupted");
      if (!skipped) throw error;
    }
  }

  /** float16 overflows with some models where float32 does not, so wrong numbers get one more chance. */
  async #batchInFloat32IfNeeded(prepared: Prepared, batch: number, signal: AbortSignal): Promise<void> {
    const { loader } = this.#job;
    try {
      await this.#batch(prepared, batch, signal);
    } catch (error) {
      if (!isAppError(error, "NumericFailure") || loader.precision(prepared.model) === "float32") throw error;
      await loader.useFloat32(prepared.model);
      await this.#batch(prepared, batch, signal);
    }
  }

  async #batch(prepared: Prepared, batch: number, signal: AbortSignal): Promise<void> {
    const { request, loader, runtime } = this.#job;
    const { model, latentShape } = prepared;
    const [, latentHeight, latentWidth] = latentShape;
    const first = batch * request.batchSize;
    const seeds = Array.from({ length: request.batchSize }, (_, i) => request.seed + first + i);
    const store = this.#createStore();
    let stepStart = 0;
    let busyStart = 0;
    const markStep = (): void => {
      stepStart = performance.now();
      busyStart = runtime.busySeconds;
    };
    try {
      const diffusionModel = new OrtDiffusionModel(
        store,
        { batch: request.batchSize, latentHeight, latentWidth },
        async (shape) => {
          const session = await this.#loading("unet", () => loader.unet(model, shape));
          if (stepStart === 0) markStep();
          return session;
        },
      );
      const vae = createVae(
        store,
        { batch: request.batchSize, width: request.width, height: request.height },
        () => this.#loading("vae decoder", () => loader.vaeDecoder(model, latentHeight, latentWidth)),
        ({ width, height }) => loader.vaeEncoder(model, height, width),
      );
      let decodeStart = 0;
      const endStep = (step: number, denoised: Float32Array | undefined): void => {
        const seconds = (performance.now() - stepStart) / 1000;
        this.#stepSeconds += seconds;
        this.#busySeconds += runtime.busySeconds - busyStart;
        markStep();
        this.#job.emit({
          type: "step",
          jobId: this.#job.jobId,
          picture: first,
          pictures: request.batchCount * request.batchSize,
          step,
          steps: request.steps,
          ...this.#estimate.addStep(batch, step, seconds),
          preview: denoised && request.preview ? latentPreview(denoised, latentWidth, latentHeight, model.detected.latentRgbFactors) : undefined,
        });
      };
      const pictures = await this.#clock.during("steps", () =>
        textToImage(
          {
            model: diffusionModel,
            vae: { ...vae, decode: (latents) => this.#clock.during("decode", () => vae.decode(latents)) },
            prediction: predictions[model.detected.family.prediction],
            noiseSchedule: prepared.noiseSchedule,
          },
          {
            positive: prepared.positive,
            negative: prepared.negative,
            guidanceScale: request.guidanceScale,
            sampler: prepared.sampler,
            sigmas: prepared.sigmas,
            seeds,
            noiseSource: request.noiseSource,
            latentShape,
          },
          {
            signal,
            onNoise: (noise) => this.#dumpFirst(batch, "noise", latentShape, noise),
            wantsPreview: () => request.preview,
            onStep: (step, denoised) => endStep(step + 1, denoised),
            onDecode: async (latents) => {
              if (request.dumpTensors && batch === 0) {
                this.#dumpFirst(batch, "latents", latentShape, await latents());
              }
              decodeStart = performance.now();
            },
          },
        ),
      );
      this.#estimate.addDecode((performance.now() - decodeStart) / 1000);
      await this.#deliver(prepared, first, seeds, pictures);
    } finally {
      store.dispose();
    }
  }

  async #deliver(
    prepared: Prepared,
    first: number,
    seeds: readonly number[],
    pictures: readonly PixelTensor[],
  ): Promise<void> {
    const { jobId, request, encodePng, version } = this.#job;
    if (request.dumpTensors && first === 0) {
      const { width, height, data } = pictures[0];
      this.#dump("image", [3, height, width], data.map((value) => Math.min(1, Math.max(0, (value + 1) / 2))));
    }
    for (const [i, pixels] of pictures.entries()) {
      const { file, infotext } = await pictureFile(pixels, { request, seed: seeds[i], record: prepared.model.record, version }, encodePng);
      const { width, height } = pixels;
      await this.#job.deliver({
        type: "picture",
        jobId,
        picture: { jobId, index: first + i, seed: seeds[i], width, height, file, infotext },
      });
      this.#pictures += 1;
    }
  }

  /** Counts the time as loading, tells the page about it once per component and leaves early when the job was ended. */
  async #loading<T>(component: (typeof COMPONENTS)[number], load: () => Promise<T>): Promise<T> {
    const { control, jobId } = this.#job;
    control.interrupted.throwIfAborted();
    if (!this.#announced.has(component)) {
      this.#announced.add(component);
      const fraction = COMPONENTS.indexOf(component) / COMPONENTS.length;
      this.#job.emit({ type: "loading", jobId, component, fraction });
    }
    const result = await this.#clock.during("load", load);
    control.interrupted.throwIfAborted();
    return result;
  }

  readonly #announced = new Set<string>();

  #dumpFirst(batch: number, name: string, shape: readonly number[], values: Float32Array): void {
    if (!this.#job.request.dumpTensors || batch !== 0) return;
    const length = shape.reduce((product, side) => product * side, 1);
    this.#dump(name, [1, ...shape], values.slice(0, length));
  }

  #dump(name: string, shape: readonly number[], data: Float32Array): void {
    this.#tensors[name] = { shape, data };
  }

  #summary(outcome: GenerationSummary["outcome"]): GenerationSummary {
    const { jobId, request } = this.#job;
    return {
      jobId,
      outcome,
      pictures: this.#pictures,
      phaseSeconds: this.#clock.seconds,
      secondsPerStep: this.#estimate.meanSecondsPerStep,
      overheadShare: this.#stepSeconds === 0 ? 0 : Math.max(0, 1 - this.#busySeconds / this.#stepSeconds),
      ...(request.dumpTensors && outcome === "finished" ? { tensors: this.#tensors } : {}),
    };
  }
}
