// Times whole pictures with the app's own pipeline, over random weights. What is drawn is noise; how long it takes is not.

import type { OrtRuntime } from "../../ort/ort-runtime.ts";
import type { BenchmarkModel, BenchmarkSize, PictureRow } from "../../protocol/benchmark-api.ts";
import type { GenerationRequest, GenerationSummary } from "../../protocol/generation-request.ts";
import type { JobControl } from "../job-queue.ts";
import type { ModelLoader } from "../model-loader.ts";
import { runGenerationJob } from "../generation-job.ts";
import type { EncodePng } from "../picture-file.ts";
import { picturePixels } from "./measured-components.ts";

interface PictureCase {
  readonly model: BenchmarkModel;
  /** In the report, where it is another use of the model. */
  readonly name?: string;
  readonly steps: number;
  readonly guidanceScale: number;
}

/** At small size the steps are as many: the share outside the runtime is per step. */
export const PICTURE_CASES: readonly PictureCase[] = [
  { model: "sd-1.5", steps: 20, guidanceScale: 7 },
  { model: "sd-2.1-base", name: "turbo", steps: 1, guidanceScale: 1 },
  { model: "sdxl", steps: 20, guidanceScale: 7 },
];

/** What a case is, in the report's words. */
export function pictureLabel(
  { model, name = model, steps, guidanceScale }: PictureCase,
  size: BenchmarkSize,
): Pick<PictureRow, "model" | "shape"> {
  const side = picturePixels(model, size);
  const guidance = guidanceScale > 1 ? ", CFG" : "";
  return { model: name, shape: `${side}x${side}, ${steps} ${steps === 1 ? "step" : "steps"}${guidance}` };
}

export interface PictureSurroundings {
  readonly runtime: OrtRuntime;
  readonly loader: ModelLoader;
  readonly encodePng: EncodePng;
  readonly memory?: { readonly peakBytes: number; readonly bytes: number; resetPeak(): void };
}

/** A cold picture and a warm one. */
export async function measurePicture(
  picture: PictureCase,
  size: BenchmarkSize,
  surroundings: PictureSurroundings,
): Promise<PictureRow> {
  const { memory } = surroundings;
  memory?.resetPeak();
  const before = memory?.bytes ?? 0;
  const request = requestOf(picture, picturePixels(picture.model, size));
  const cold = await generate(request, surroundings);
  const warm = await generate({ ...request, seed: request.seed + 1 }, surroundings);
  return {
    ...pictureLabel(picture, size),
    coldSeconds: cold.seconds,
    totalSeconds: warm.seconds,
    secondsPerStep: warm.summary.secondsPerStep,
    overheadShare: warm.summary.overheadShare,
    peakBytes: memory ? memory.peakBytes - before : null,
  };
}

function requestOf({ model, steps, guidanceScale }: PictureCase, side: number): GenerationRequest {
  return {
    prompt: "a red lighthouse by the sea at sunset",
    negativePrompt: "",
    modelId: model,
    loras: [],
    width: side,
    height: side,
    steps,
    guidanceScale,
    sampler: "Euler",
    schedule: "Automatic",
    seed: 42,
    batchCount: 1,
    batchSize: 1,
    clipSkip: 1,
    noiseSource: "cpu",
    preview: true,
  };
}

async function generate(
  request: GenerationRequest,
  { runtime, loader, encodePng }: PictureSurroundings,
): Promise<{ readonly seconds: number; readonly summary: GenerationSummary }> {
  const { signal } = new AbortController(); // ended by ending the worker
  const control: JobControl = { interrupted: signal, nextBatch: () => signal };
  const start = performance.now();
  const summary = await runGenerationJob({
    jobId: "benchmark",
    request,
    control,
    runtime,
    loader,
    encodePng,
    version: "benchmark",
    emit: () => undefined,
    deliver: () => Promise.resolve(),
  });
  return { seconds: (performance.now() - start) / 1000, summary };
}
