// What all batches of a job share, worked out once: the opened model, sigmas, conditioning. Runs text encoders, and the VAE's
// encoder for models that see a picture; never the UNet.

import type { Conditioning } from "../pipeline/components.ts";
import { needsNegative } from "../pipeline/guidance.ts";
import type { ConditioningSchedule } from "../pipeline/conditioning-schedule.ts";
import type { PromptEncoder } from "../pipeline/conditioning.ts";
import { invalidRequest } from "../pipeline/validate-request.ts";
import type { GenerationRequest } from "../protocol/generation-request.ts";
import type { ModelRecord } from "../protocol/library-api.ts";
import { noiseScheduleOf, type NoiseSchedule } from "../sampling/noise-schedule.ts";
import { predictions, type PredictionRow } from "../sampling/prediction.ts";
import { samplerNamed, sigmasFor, type SamplerRow } from "../sampling/samplers.ts";
import { blankExtraChannels, joinExtraChannels } from "./extra-channels.ts";
import { requireExportFits } from "./export-limits.ts";
import type { MemoryPlan } from "./memory-policy.ts";
import type { ModelLoader } from "./model-loader.ts";
import type { OpenedModel } from "./opened-model.ts";
import { createTextEncoder, encodePicture } from "./ort-components.ts";
import { conditionPrompts } from "./prompt-conditioning.ts";

export interface PreparedJob {
  readonly model: OpenedModel;
  /** The prompt as an infotext tells it: with tags for all LoRAs. */
  readonly prompt: string;
  readonly prediction: PredictionRow;
  readonly noiseSchedule: NoiseSchedule;
  readonly sampler: SamplerRow;
  readonly sigmas: Float32Array;
  /** Of one picture: [channels, height, width]. */
  readonly latentShape: readonly [number, number, number];
  readonly positive: ConditioningSchedule<Conditioning>;
  /** Absent when guidance is off. */
  readonly negative: ConditioningSchedule<Conditioning> | undefined;
  /** Textual inversion embeddings that the prompts named. */
  readonly embeddings: readonly ModelRecord[];
  readonly memory: MemoryPlan;
}

/** Wraps everything that loads, so that it is announced, timed and left early when the job was ended. */
export type WhileLoading = <T>(
  component: "text encoder" | "vae encoder" | "unet" | "vae decoder",
  load: () => Promise<T>,
) => Promise<T>;

export async function prepareJob(
  request: GenerationRequest,
  loader: ModelLoader,
  whileLoading: WhileLoading,
): Promise<PreparedJob> {
  const { text, tagged, loras } = await loader.resolveLoras(request);
  const model = await whileLoading("text encoder", async () =>
    loader.withLoras(await loader.open(request.modelId, request.vaeId), loras),
  );
  requireExportFits(model.detected, model.record, request);
  const memory = loader.plan(model, { ...request, guided: needsNegative(request.guidanceScale) });
  const { family, unet, textEncoders } = model.detected;
  const { downscale } = model.vae.config;
  const noiseSchedule = noiseScheduleOf(family.noiseSchedule);
  const sampler = samplerNamed(request.sampler);
  if (!sampler) throw invalidRequest("sampler", "Sampler", "a known sampler", request.sampler);
  const sigmas = sigmasFor(sampler, request.schedule, request.steps, noiseSchedule);
  if (!sigmas) throw invalidRequest("schedule", "Schedule", "a known schedule", request.schedule);

  const embeddings = await loader.embeddings(model);
  const encoders = textEncoders.map(({ width }, index): PromptEncoder => {
    const load = (clipSkip: number): ReturnType<ModelLoader["textEncoder"]> =>
      whileLoading("text encoder", () => loader.textEncoder(model, index, clipSkip));
    const tokenizer = embeddings.tokenizer(model.tokenizers[index]);
    return { tokenizer, encoder: createTextEncoder(width, embeddings.vectors(tokenizer, index), load) };
  });
  const extraChannels = await joinExtraChannels(
    family.extraChannels,
    blankExtraChannels(model.vae.config, request, (pixels) =>
      encodeMean(pixels, model, request, memory, loader, whileLoading),
    ),
  );
  const evaluations = request.steps * sampler.order;
  const { positive, negative } = await conditionPrompts(
    { ...request, prompt: text },
    model.detected,
    encoders,
    evaluations,
    extraChannels,
  );
  return {
    model,
    prompt: tagged,
    prediction: predictions[family.prediction],
    noiseSchedule,
    sampler,
    sigmas,
    latentShape: [unet.outChannels, request.height / downscale, request.width / downscale],
    positive,
    negative,
    embeddings: embeddings.used,
    memory,
  };
}

/** The posterior's mean, unscaled: [channels, h, w]. */
async function encodeMean(
  data: Float32Array,
  model: OpenedModel,
  { width, height }: GenerationRequest,
  { vaeTile: tile }: MemoryPlan,
  loader: ModelLoader,
  whileLoading: WhileLoading,
): Promise<Float32Array> {
  const { latentChannels: channels, downscale } = model.vae.config;
  const moments = await encodePicture(
    { width, height, data },
    {
      channels,
      downscale,
      tile,
      session: (size) => whileLoading("vae encoder", () => loader.vaeEncoder(model, size.height, size.width)),
    },
  );
  return moments.slice(0, moments.length / 2);
}
