// What kinds, precisions and hashes of models are called on the page. Words only; decides nothing.

import { msg } from "@lit/localize";
import type { ModelRecord } from "../protocol/library-api.ts";
import type { LinkedFileState } from "../protocol/linked-files.ts";
import type { ModelType } from "../protocol/model-manifest.ts";
import type { ModelMetadata } from "../protocol/metadata-api.ts";

const TYPE_NAMES: Readonly<Record<ModelType, () => string>> = {
  checkpoint: () => msg("Checkpoint"),
  lora: () => msg("LoRA"),
  embedding: () => msg("Embedding"),
  vae: () => msg("VAE"),
  upscaler: () => msg("Upscaler"),
  "preview-decoder": () => msg("Preview decoder"),
  controlnet: () => msg("ControlNet"),
  "ip-adapter": () => msg("IP-Adapter"),
  detector: () => msg("Detector"),
};

/** Names that model pages use for what safetensors calls F16 and the like. */
const PRECISION_NAMES: Readonly<Record<string, string>> = {
  F64: "fp64",
  F32: "fp32",
  F16: "fp16",
  BF16: "bf16",
  F8_E4M3: "fp8",
  F8_E5M2: "fp8",
  I8: "int8",
  U8: "int8",
};

/** Rows of models/families.ts share architectures; these are the names people search by. */
const FAMILY_NAMES: readonly (readonly [RegExp, string])[] = [
  [/^sd1/, "SD 1.5"],
  [/^sd-turbo|^sd2/, "SD 2.1"],
  [/^sdxl-refiner/, "SDXL Refiner"],
  [/^sdxl/, "SDXL 1.0"],
];

const LINK_NAMES: Readonly<Record<LinkedFileState, () => string>> = {
  ready: () => msg("In place"),
  ask: () => msg("In place, locked"),
  missing: () => msg("File gone"),
  changed: () => msg("File changed"),
};

/** How a file that stays where the user keeps it is doing. */
export function linkName(state: LinkedFileState): string {
  return LINK_NAMES[state]();
}

export function typeName(type: ModelType): string {
  return TYPE_NAMES[type]();
}

export function precisionName(dtype: string): string {
  return PRECISION_NAMES[dtype] ?? dtype.toLowerCase();
}

/** "SD 1.5" for `sd1-v`; the row's own id where it is the clearest name. */
export function familyName(family: string): string {
  return FAMILY_NAMES.find(([pattern]) => pattern.test(family))?.[1] ?? family;
}

/** The ten digits that model pages print. */
export function shortHash(record: ModelRecord, metadata: ModelMetadata | undefined): string {
  return metadata?.hash_autov2 || record.sha256.slice(0, 10).toUpperCase();
}
