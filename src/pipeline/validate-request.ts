// Checks a request before any work is done: InvalidRequest names the field, what was expected and what was got.

import { AppError } from "../protocol/app-error.ts";
import type { GenerationRequest, LoraUse } from "../protocol/generation-request.ts";
import { noiseGenerators } from "../sampling/latent-noise.ts";
import { samplers } from "../sampling/samplers.ts";
import { scheduleNames } from "../sampling/schedules.ts";

export const MIN_SIDE = 64;
export const MAX_SIDE = 2048;
export const MAX_STEPS = 150;
export const MAX_GUIDANCE = 30;
export const MAX_BATCH_COUNT = 1000;
export const MAX_BATCH_SIZE = 8;
export const MAX_CLIP_SKIP = 12;
/** Far above what 32 chunks of 75 tokens can hold; keeps a pasted book out of the tokenizer. */
export const MAX_PROMPT_CHARACTERS = 100_000;
/** Far more than anyone mixes; bounds the work of a hostile request. */
export const MAX_LORAS = 64;
/** Of a LoRA's strength, either sign. */
export const MAX_LORA_WEIGHT = 10;
/** What a 32-bit seed can be. */
export const MAX_SEED = 2 ** 32 - 1;

export function invalidRequest(field: string, label: string, expected: string, got: unknown): AppError {
  const shown = typeof got === "string" && got.length > 60 ? `${got.slice(0, 60)}…` : String(got);
  return new AppError("InvalidRequest", `${label} should be ${expected}, got ${shown}.`, {
    where: field,
    expected,
    got: shown,
  });
}

type Check = (value: unknown) => string | undefined;

const whole =
  (min: number, max: number): Check =>
  (value) =>
    Number.isInteger(value) && (value as number) >= min && (value as number) <= max
      ? undefined
      : `a whole number from ${min} to ${max}`;

const side: Check = (value) =>
  Number.isInteger(value) &&
  (value as number) % 8 === 0 &&
  (value as number) >= MIN_SIDE &&
  (value as number) <= MAX_SIDE
    ? undefined
    : `a multiple of 8 from ${MIN_SIDE} to ${MAX_SIDE}`;

const number =
  (min: number, max: number): Check =>
  (value) =>
    typeof value === "number" && value >= min && value <= max ? undefined : `a number from ${min} to ${max}`;

const oneOf =
  (names: readonly string[]): Check =>
  (value) =>
    names.includes(value as string) ? undefined : `one of ${names.join(", ")}`;

const flag: Check = (value) => (typeof value === "boolean" ? undefined : "true or false");

const nonEmpty: Check = (value) =>
  typeof value === "string" && value !== "" ? undefined : "the id of a model";

const previewMethod: Check = oneOf(["colours", "decoder"]);

/** Field, its name for people, and its rule. */
const RULES: readonly (readonly [keyof GenerationRequest, string, Check])[] = [
  ["modelId", "Model", nonEmpty],
  ["vaeId", "VAE", (value) => (value === undefined ? undefined : nonEmpty(value))],
  ["width", "Width", side],
  ["height", "Height", side],
  ["steps", "Steps", whole(1, MAX_STEPS)],
  ["guidanceScale", "CFG scale", number(1, MAX_GUIDANCE)],
  ["sampler", "Sampler", oneOf(samplers.map(({ name }) => name))],
  ["schedule", "Schedule", oneOf(scheduleNames)],
  ["seed", "Seed", whole(0, MAX_SEED)],
  ["batchCount", "Batch count", whole(1, MAX_BATCH_COUNT)],
  ["batchSize", "Batch size", whole(1, MAX_BATCH_SIZE)],
  ["clipSkip", "Clip skip", whole(1, MAX_CLIP_SKIP)],
  ["noiseSource", "Noise source", oneOf(Object.keys(noiseGenerators))],
  ["preview", "Preview", flag],
  ["previewMethod", "Previews", (value) => (value === undefined ? undefined : previewMethod(value))],
];

function checkPrompt(field: "prompt" | "negativePrompt", label: string, value: unknown): void {
  if (typeof value !== "string") throw invalidRequest(field, label, "text", value);
  if (value.length > MAX_PROMPT_CHARACTERS) {
    const got = `${value.length.toLocaleString("en")} characters`;
    throw invalidRequest(
      field,
      label,
      `at most ${MAX_PROMPT_CHARACTERS.toLocaleString("en")} characters`,
      got,
    );
  }
}

const loraWeight = number(-MAX_LORA_WEIGHT, MAX_LORA_WEIGHT);

const LORA_RULES: readonly (readonly [keyof LoraUse, string, Check])[] = [
  ["modelId", "model", nonEmpty],
  ["unetWeight", "UNet weight", loraWeight],
  ["textWeight", "text encoder weight", loraWeight],
];

function checkLoras(loras: unknown): void {
  if (!Array.isArray(loras)) throw invalidRequest("loras", "LoRAs", "a list", loras);
  if (loras.length > MAX_LORAS)
    throw invalidRequest("loras", "LoRAs", `at most ${MAX_LORAS}`, String(loras.length));
  for (const [index, use] of (loras as Partial<LoraUse>[]).entries()) {
    for (const [field, label, check] of LORA_RULES) {
      const expected = check(use[field]);
      if (expected === undefined) continue;
      throw invalidRequest(`loras[${index}].${field}`, `LoRA ${index + 1}'s ${label}`, expected, use[field]);
    }
  }
}

/** An empty prompt is fine: it is the unconditional picture. */
export function validateRequest(request: GenerationRequest): void {
  checkPrompt("prompt", "Prompt", request.prompt);
  checkPrompt("negativePrompt", "Negative prompt", request.negativePrompt);
  for (const [field, label, check] of RULES) {
    const expected = check(request[field]);
    if (expected !== undefined) throw invalidRequest(field, label, expected, request[field]);
  }
  checkLoras(request.loras);
}
