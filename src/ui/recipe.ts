// The form's fields as plain data, and the way from them to a request and back. No storage, no elements.

import type { FixedRequest } from "../protocol/library-api.ts";
import type { ModelDefaults } from "../protocol/model-manifest.ts";
import { type GenerationRequest, isLoraUse, type LoraUse } from "../protocol/generation-request.ts";

/** A LoRA as the form holds it, in the form's order. */
export interface LoraSlot extends LoraUse {
  /** Kept with its strengths, and left out of requests. */
  readonly off?: boolean;
  /** The text encoders' strength is set apart; otherwise it follows the UNet's. */
  readonly separate?: boolean;
}

/** What the Generate page edits. Like a request, but the seed may still be undrawn. */
export interface Recipe {
  readonly prompt: string;
  readonly negativePrompt: string;
  readonly modelId: string;
  readonly loras: readonly LoraSlot[];
  /** Empty: the checkpoint's own. */
  readonly vaeId: string;
  readonly width: number;
  readonly height: number;
  readonly steps: number;
  readonly guidanceScale: number;
  readonly sampler: string;
  readonly schedule: string;
  /** RANDOM_SEED asks for a new draw with every job. */
  readonly seed: number;
  readonly batchCount: number;
  readonly batchSize: number;
  readonly clipSkip: number;
}

export const RANDOM_SEED = -1;
// A1111 draws from 0..4294967294 and torch's generator takes 32 bits.
export const MAX_SEED = 4_294_967_295;

/** What a number field accepts. Sides are multiples of 8: one latent is 8 pixels wide. */
export interface NumberRange {
  readonly min: number;
  readonly max: number;
  readonly step: number;
}

export const RANGES = {
  width: { min: 64, max: 1024, step: 8 },
  height: { min: 64, max: 1024, step: 8 },
  steps: { min: 1, max: 150, step: 1 },
  guidanceScale: { min: 1, max: 30, step: 0.5 },
  seed: { min: RANDOM_SEED, max: MAX_SEED, step: 1 },
  batchCount: { min: 1, max: 100, step: 1 },
  batchSize: { min: 1, max: 8, step: 1 },
  clipSkip: { min: 1, max: 12, step: 1 },
} as const satisfies Partial<Record<keyof Recipe, NumberRange>>;

/** Of a LoRA, for the UNet or the text encoders. */
export const LORA_STRENGTH: NumberRange = { min: -10, max: 10, step: 0.05 };

export type NumberFieldName = keyof typeof RANGES;

// Used until a model's own record is known, and for the fields that no model decides. A1111's values, section "Defaults".
export const INITIAL_RECIPE: Recipe = {
  prompt: "",
  negativePrompt: "",
  modelId: "",
  loras: [],
  vaeId: "",
  width: 256,
  height: 256,
  steps: 20,
  guidanceScale: 7,
  sampler: "DPM++ 2M",
  schedule: "Automatic",
  seed: RANDOM_SEED,
  batchCount: 1,
  batchSize: 1,
  clipSkip: 1,
};

/** The values a field returns to, for one model. */
export function defaultsFor(modelDefaults: ModelDefaults | undefined): Recipe {
  return { ...INITIAL_RECIPE, ...modelDefaults };
}

/** Of a model that is published as graphs of one size, the only size and batch that it takes. */
export function withinFixed(recipe: Recipe, fixed: FixedRequest | undefined): Recipe {
  if (!fixed) return recipe;
  const { width = recipe.width, height = recipe.height, batch = recipe.batchSize } = fixed;
  return { ...recipe, width, height, batchSize: Math.min(recipe.batchSize, batch) };
}

/** The nearest value of the range; what is not a number becomes `fallback`. */
export function fitNumber(value: number, range: NumberRange, fallback: number): number {
  if (!Number.isFinite(value)) return fallback;
  const clamped = Math.min(range.max, Math.max(range.min, value));
  // Steps of 0.5 are what arrows move by; a typed 7.3 is kept.
  return range.step < 1 ? Math.round(clamped * 100) / 100 : Math.round(clamped / range.step) * range.step;
}

/** Stored or dropped fields, of which only those of the right type survive. */
export function sanitiseRecipe(fields: Readonly<Record<string, unknown>>, fallback: Recipe): Recipe {
  const recipe: Record<string, unknown> = {};
  for (const [name, initial] of Object.entries(fallback) as [keyof Recipe, Recipe[keyof Recipe]][]) {
    const value = fields[name];
    if (typeof value !== typeof initial) recipe[name] = initial;
    else if (name in RANGES)
      recipe[name] = fitNumber(value as number, RANGES[name as NumberFieldName], initial as number);
    else if (name === "loras") recipe[name] = Array.isArray(value) ? value.filter(isLoraUse) : initial;
    else recipe[name] = value;
  }
  return recipe as unknown as Recipe;
}

/** `768x1024`, `768 × 1024`, `768*1024` → both sides; anything else is not a size. */
export function parseSize(text: string): { readonly width: number; readonly height: number } | undefined {
  const match = /^\s*(\d{2,5})\s*[x×*]\s*(\d{2,5})\s*$/i.exec(text);
  if (!match) return undefined;
  return {
    width: fitNumber(Number(match[1]), RANGES.width, INITIAL_RECIPE.width),
    height: fitNumber(Number(match[2]), RANGES.height, INITIAL_RECIPE.height),
  };
}

export function drawSeed(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0];
}

export function toRequest(
  recipe: Recipe,
  choices: Pick<GenerationRequest, "noiseSource" | "preview" | "previewMethod">,
): GenerationRequest {
  const { seed, loras, vaeId, ...fields } = recipe;
  return {
    ...fields,
    ...choices,
    loras: loras
      .filter(({ off }) => !off)
      .map(({ modelId, unetWeight, textWeight }) => ({ modelId, unetWeight, textWeight })),
    ...(vaeId !== "" && { vaeId }),
    seed: seed === RANDOM_SEED ? drawSeed() : seed,
  };
}

/** The fields of a request that the form shows; the batch is left out, because one picture is what is being repeated. */
export function fromRequest(request: GenerationRequest, seed: number): Partial<Recipe> {
  const {
    prompt,
    negativePrompt,
    modelId,
    loras,
    vaeId = "",
    width,
    height,
    steps,
    guidanceScale,
    sampler,
    schedule,
    clipSkip,
  } = request;
  return {
    prompt,
    negativePrompt,
    modelId,
    loras,
    vaeId,
    width,
    height,
    steps,
    guidanceScale,
    sampler,
    schedule,
    clipSkip,
    seed,
  };
}
