// Our own sidecar, NAME.safetensors.metadata.json: exactly the record, less what only this device knows.

import type { ModelMetadata, UsageTips } from "../../../protocol/metadata-api.ts";
import { hashDigits, isHashKind, parseHash } from "../hash-kinds.ts";
import { kindOfName } from "../model-kinds.ts";
import {
  asFileName,
  asId,
  asNumber,
  asObject,
  asSha256,
  asSource,
  asText,
  asTexts,
  asTime,
  type Described,
} from "./sidecar.ts";

// What means nothing on another device.
const ONLY_HERE = ["id", "lookup", "newer_version_id", "newer_version_name"];

/** The record as it is written. */
export function toKilnSidecar(metadata: ModelMetadata): Readonly<Record<string, unknown>> {
  const entries = Object.entries(metadata).filter(([field]) => !ONLY_HERE.includes(field));
  return { ...Object.fromEntries(entries), source: asSource(metadata.source) };
}

export function readKilnSidecar(json: unknown): Described {
  const entry = asObject(json);
  const versionId = asId(entry.civitai_version_id);
  return {
    sha256: asSha256(entry.hash_sha256),
    fileName: asFileName(entry.file_name),
    lastUpdated: asTime(entry.last_updated),
    edited: asTexts(entry.edited),
    facts: {
      ...hashOf(entry),
      civitai_model_id: asId(entry.civitai_model_id),
      civitai_version_id: versionId,
      civitai_name: asText(entry.civitai_name),
      civitai_type: asText(entry.civitai_type),
      base_model: asText(entry.base_model),
      trigger_words: asTexts(entry.trigger_words),
      description: asText(entry.description),
      ...(asText(entry.name) ? { name: asText(entry.name) } : {}),
      ...(kindOf(entry.kind) ? { kind: kindOf(entry.kind) } : {}),
      notes: asText(entry.notes),
      tags: asTexts(entry.tags),
      favourite: entry.favourite === true,
      source: asSource(entry.source),
      licence: asText(entry.licence),
      usage_tips: usageTips(entry.usage_tips),
      preferred_strength: asNumber(entry.preferred_strength),
      preview_nsfw_level: asNumber(entry.preview_nsfw_level) ?? 0,
      ...(versionId === null ? {} : { lookup: "found" as const }),
    },
  };
}

/** Keeps the known numbers and texts of usage tips, whoever wrote them. */
export function usageTips(value: unknown): UsageTips {
  const tips = asObject(value);
  const numbers = ["strength_min", "strength_max", "clip_strength", "clip_skip"].flatMap((name) => {
    const number = asNumber(tips[name]);
    return number === null ? [] : [[name, number] as const];
  });
  const negative = asText(tips.negative_text);
  return { ...Object.fromEntries(numbers), ...(negative ? { negative_text: negative } : {}) };
}

/** A hash that its kind does not allow is left out: the file's own stands. */
function hashOf(entry: Readonly<Record<string, unknown>>): Pick<Described["facts"], "hash" | "hash_type"> {
  const kind = isHashKind(entry.hash_type) ? entry.hash_type : undefined;
  const digits = hashDigits(asText(entry.hash));
  if (!kind || !digits) return {};
  try {
    return parseHash(kind, digits);
  } catch {
    return {};
  }
}

const KINDS = ["SD", "LoRA", "CN", "SR", "TI", "HN", "VAE"] as const;

function kindOf(value: unknown): (typeof KINDS)[number] | null {
  return KINDS.find((kind) => kind === value) ?? kindOfName(asText(value));
}
