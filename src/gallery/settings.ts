// The table of settings: every key, its default, and how an untrusted stored value is repaired. Stores nothing.

import type { DevicePreference } from "../protocol/engine-api.ts";
import { SIDECAR_FORMATS, type SidecarFormat } from "../protocol/metadata-api.ts";
import {
  isLoraUse,
  type LoraUse,
  type NoiseSource,
  type PreviewMethod,
} from "../protocol/generation-request.ts";
import { MAX_UPSCALE_FACTOR } from "../protocol/upscale-request.ts";

/** Fields of the Generate form. An absent field follows the chosen model's defaults. */
export interface FormFields {
  readonly prompt?: string;
  readonly negativePrompt?: string;
  readonly modelId?: string;
  readonly loras?: readonly LoraUse[];
  readonly vaeId?: string;
  readonly width?: number;
  readonly height?: number;
  readonly steps?: number;
  readonly guidanceScale?: number;
  readonly sampler?: string;
  readonly schedule?: string;
  /** -1 draws a new one for every job. */
  readonly seed?: number;
  readonly batchCount?: number;
  readonly batchSize?: number;
  readonly clipSkip?: number;
}

/** Fields of the Upscale form. */
export interface UpscaleFields {
  /** Id of a model, "lanczos" or "nearest"; empty for the first there is. */
  readonly upscaler: string;
  readonly mode: "factor" | "size";
  readonly factor: number;
  readonly width: number;
  readonly height: number;
  readonly crop: boolean;
}

export interface SettingValues {
  readonly form: FormFields;
  readonly upscale: UpscaleFields;
  readonly theme: "auto" | "light" | "dark";
  /** BCP 47 tag, or "auto" for the browser's. */
  readonly language: string;
  readonly device: DevicePreference;
  readonly noiseSource: NoiseSource;
  /** Show the picture while it emerges. */
  readonly preview: boolean;
  readonly previewMethod: PreviewMethod;
  /** Names of the form's groups that are unfolded. */
  readonly openGroups: readonly string[];
  /** The highest level of pictures from outside that is shown unblurred. */
  readonly contentLevel: "PG" | "PG-13" | "R" | "X" | "XXX";
  /** The user agreed to requests to Civitai by opening its view. */
  readonly browsesCivitai: boolean;
  /** Whose sidecar files "Export metadata" writes. */
  readonly sidecarFormat: SidecarFormat;
  /** The welcome was read. */
  readonly welcomed: boolean;
}

export type SettingKey = keyof SettingValues;

interface SettingRow<T> {
  readonly default: T;
  /** Keeps what is valid of a value read from disk, the default for the rest. */
  repair(value: unknown): T;
}

function row<T>(fallback: T, valid: (value: unknown) => boolean): SettingRow<T> {
  return { default: fallback, repair: (value) => (valid(value) ? (value as T) : fallback) };
}

const isText = (value: unknown): boolean => typeof value === "string";
const isFlag = (value: unknown): boolean => typeof value === "boolean";
const isName = (value: unknown): boolean => typeof value === "string" && value !== "" && value.length <= 200;
const isFinite = (value: unknown): boolean => Number.isFinite(value);
const isOneOf =
  (...choices: readonly string[]) =>
  (value: unknown): boolean =>
    choices.includes(value as string);
const isWhole =
  (minimum: number, maximum: number) =>
  (value: unknown): boolean =>
    Number.isInteger(value) && (value as number) >= minimum && (value as number) <= maximum;

// Generous: the form shows what is wrong with a value, storage only drops what could not have come from the form.
const formChecks: Readonly<Record<keyof FormFields, (value: unknown) => boolean>> = {
  prompt: isText,
  negativePrompt: isText,
  modelId: isName,
  vaeId: isName,
  loras: (value) => Array.isArray(value) && value.every(isLoraUse),
  width: isWhole(1, 16384),
  height: isWhole(1, 16384),
  steps: isWhole(1, 1000),
  guidanceScale: isFinite,
  sampler: isName,
  schedule: isName,
  seed: isWhole(-1, 2 ** 32 - 1),
  batchCount: isWhole(1, 1000),
  batchSize: isWhole(1, 64),
  clipSkip: isWhole(1, 48),
};

function repairForm(value: unknown): FormFields {
  if (typeof value !== "object" || value === null) return {};
  const stored = value as Readonly<Record<string, unknown>>;
  const names = Object.keys(formChecks) as (keyof FormFields)[];
  return Object.fromEntries(
    names.filter((name) => formChecks[name](stored[name])).map((name) => [name, stored[name]]),
  );
}

const UPSCALE: UpscaleFields = {
  upscaler: "",
  mode: "factor",
  factor: 2,
  width: 1024,
  height: 1024,
  crop: false,
};

const upscaleChecks: Readonly<Record<keyof UpscaleFields, (value: unknown) => boolean>> = {
  upscaler: (value) => isText(value) && (value as string).length <= 200,
  mode: isOneOf("factor", "size"),
  factor: (value) => isFinite(value) && (value as number) >= 1 && (value as number) <= MAX_UPSCALE_FACTOR,
  width: isWhole(1, 16384),
  height: isWhole(1, 16384),
  crop: isFlag,
};

function repairUpscale(value: unknown): UpscaleFields {
  if (typeof value !== "object" || value === null) return UPSCALE;
  const stored = value as Readonly<Record<string, unknown>>;
  const names = Object.keys(upscaleChecks) as (keyof UpscaleFields)[];
  const valid = names.filter((name) => upscaleChecks[name](stored[name]));
  return { ...UPSCALE, ...Object.fromEntries(valid.map((name) => [name, stored[name]])) };
}

export const settings: { readonly [K in SettingKey]: SettingRow<SettingValues[K]> } = {
  form: { default: {}, repair: repairForm },
  upscale: { default: UPSCALE, repair: repairUpscale },
  theme: row<SettingValues["theme"]>("auto", isOneOf("auto", "light", "dark")),
  language: row("auto", isName),
  device: row<DevicePreference>("auto", isOneOf("auto", "webgpu", "wasm")),
  noiseSource: row<NoiseSource>("cpu", isOneOf("cpu", "nv")),
  preview: row(true, isFlag),
  previewMethod: row<PreviewMethod>("decoder", isOneOf("colours", "decoder")),
  openGroups: row<readonly string[]>(
    ["size", "sampling", "batch"],
    (value) => Array.isArray(value) && value.every(isName),
  ),
  contentLevel: row<SettingValues["contentLevel"]>("PG", isOneOf("PG", "PG-13", "R", "X", "XXX")),
  browsesCivitai: row(false, isFlag),
  sidecarFormat: row<SidecarFormat>("kiln", isOneOf(...SIDECAR_FORMATS)),
  welcomed: row(false, isFlag),
};
