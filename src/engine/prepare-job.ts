// What all batches of a job share, worked out once: the opened model, sigmas, conditioning. Runs the text encoder only.

import type { Conditioning } from "../pipeline/components.ts";
import { encodePrompt } from "../pipeline/conditioning.ts";
import { needsNegative } from "../pipeline/guidance.ts";
import { invalidRequest } from "../pipeline/validate-request.ts";
import type { GenerationRequest } from "../protocol/generation-request.ts";
import { noiseScheduleOf, type NoiseSchedule } from "../sampling/noise-schedule.ts";
import { predictions, type PredictionRow } from "../sampling/prediction.ts";
import { samplerNamed, sigmasFor, type SamplerRow } from "../sampling/samplers.ts";
import type { ModelLoader, OpenedModel } from "./model-loader.ts";
import { createTextEncoder } from "./ort-components.ts";

export interface PreparedJob {
  readonly model: OpenedModel;
  readonly prediction: PredictionRow;
  readonly noiseSchedule: NoiseSchedule;
  readonly sampler: SamplerRow;
  readonly sigmas: Float32Array;
  /** Of one picture: [channels, height, width]. */
  readonly latentShape: readonly [number, number, number];
  readonly positive: Conditioning;
  /** Absent when guidance is off. */
  readonly negative: Conditioning | undefined;
}

/** Wraps everything that loads, so that it is announced, timed and left early when the job was ended. */
export type WhileLoading = <T>(
  component: "text encoder" | "unet" | "vae decoder",
  load: () => Promise<T>,
) => Promise<T>;

export async function prepareJob(
  request: GenerationRequest,
  loader: ModelLoader,
  whileLoading: WhileLoading,
): Promise<PreparedJob> {
  const model = await whileLoading("text encoder", () => loader.open(request.modelId));
  const { family, unet, vae, textEncoders } = model.detected;
  const noiseSchedule = noiseScheduleOf(family.noiseSchedule);
  const sampler = samplerNamed(request.sampler);
  if (!sampler) throw invalidRequest("sampler", "Sampler", "a known sampler", request.sampler);
  const sigmas = sigmasFor(sampler, request.schedule, request.steps, noiseSchedule);
  if (!sigmas) throw invalidRequest("schedule", "Schedule", "a known schedule", request.schedule);

  const encoder = createTextEncoder(textEncoders[0].width, (clipSkip) =>
    whileLoading("text encoder", () => loader.textEncoder(model, clipSkip)),
  );
  const encode = (field: "prompt" | "negativePrompt"): Promise<Conditioning> =>
    encodePrompt(request[field], field, model.tokenizer, encoder, request.clipSkip);
  const positive = await encode("prompt");
  const negative = needsNegative(request.guidanceScale) ? await encode("negativePrompt") : undefined;
  return {
    model,
    prediction: predictions[family.prediction],
    noiseSchedule,
    sampler,
    sigmas,
    latentShape: [unet.outChannels, request.height / vae.downscale, request.width / vae.downscale],
    positive,
    negative,
  };
}
