// A request's prompts as the conditioning of every step, by the rules of the model's family: joined text encoders, sizes, empty
// negative prompts, the guidance scale as an input. Runs text encoders; samples nothing.

import type { ModelTraits, SizeField } from "../models/model-config.ts";
import type { Conditioning } from "../pipeline/components.ts";
import type { ConditioningSchedule } from "../pipeline/conditioning-schedule.ts";
import {
  encodePrompts,
  zeroed,
  type EncodedPrompt,
  type PromptEncoder,
  type PromptText,
} from "../pipeline/conditioning.ts";
import { needsNegative } from "../pipeline/guidance.ts";
import { guidanceSinusoids, sizeSinusoids } from "../pipeline/sinusoids.ts";
import { parsePromptSchedule, type ScheduledPrompt } from "../prompt/prompt-schedule.ts";
import type { GenerationRequest } from "../protocol/generation-request.ts";

export interface PromptConditioning {
  readonly positive: ConditioningSchedule<Conditioning>;
  /** Absent when guidance is off, or done by the network itself. */
  readonly negative: ConditioningSchedule<Conditioning> | undefined;
}

type PromptField = PromptText["field"];

/** As A1111 sets them: the picture is asked for as if it were a whole training picture of its own size, and well liked. */
const SIZES: Readonly<Record<SizeField, (request: GenerationRequest, field: PromptField) => number>> = {
  height: ({ height }) => height,
  width: ({ width }) => width,
  cropTop: () => 0,
  cropLeft: () => 0,
  targetHeight: ({ height }) => height,
  targetWidth: ({ width }) => width,
  aestheticScore: (_, field) => (field === "prompt" ? 6 : 2.5),
};

/** @param evaluations model calls of the whole run: what prompt schedules count. */
export async function conditionPrompts(
  request: GenerationRequest,
  model: ModelTraits,
  encoders: readonly PromptEncoder[],
  evaluations: number,
  extraChannels: Float32Array | undefined,
): Promise<PromptConditioning> {
  const { guidanceEmbeddingWidth } = model.unet;
  const guided = needsNegative(request.guidanceScale) && guidanceEmbeddingWidth === undefined;
  const fields: readonly PromptField[] = guided ? ["prompt", "negativePrompt"] : ["prompt"];
  const schedules = fields.map((field) => parsePromptSchedule(request[field], { steps: evaluations }));

  // A text that comes again (alternating words) is encoded once.
  const texts = fields.flatMap((field, i) =>
    [...new Set(schedules[i].map(({ prompt }) => prompt))].map((text): PromptText => ({ text, field })),
  );
  const encoded = await encodePrompts(texts, encoders, request.clipSkip);
  const emptyNegative = schedules[1]?.every(({ prompt }) => prompt.trim() === "") ?? false;
  const conditionings = new Map<string, Conditioning>();
  for (const [i, { text, field }] of texts.entries()) {
    const zero = field === "negativePrompt" && emptyNegative && model.family.zeroEmptyNegative;
    conditionings.set(`${field} ${text}`, {
      ...withSizes(zero ? zeroed(encoded[i]) : encoded[i], model, request, field),
      ...(guidanceEmbeddingWidth && {
        guidanceEmbedding: guidanceSinusoids(request.guidanceScale, guidanceEmbeddingWidth),
      }),
      ...(extraChannels && { extraChannels }),
    });
  }
  const scheduled = (field: PromptField, schedule: readonly ScheduledPrompt[]) =>
    schedule.map(({ until, prompt }) => ({ until, conditioning: conditionings.get(`${field} ${prompt}`)! }));
  return {
    positive: scheduled("prompt", schedules[0]),
    negative: guided ? scheduled("negativePrompt", schedules[1]) : undefined,
  };
}

function withSizes(
  { tokens, width, context, pooled }: EncodedPrompt,
  { sizeConditioning }: ModelTraits,
  request: GenerationRequest,
  field: PromptField,
): Conditioning {
  if (!sizeConditioning || !pooled) return { tokens, width, context };
  const { fields, width: sizeWidth } = sizeConditioning;
  const embedded = fields.flatMap((size) => {
    const value = SIZES[size](request, field);
    return sizeWidth === "plain" ? [value] : [...sizeSinusoids(value, sizeWidth)];
  });
  return { tokens, width, context, classEmbedding: Float32Array.of(...pooled, ...embedded) };
}
