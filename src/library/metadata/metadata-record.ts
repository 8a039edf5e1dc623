// One model's metadata as a value: the blank one, and how facts from a file, a sidecar or Civitai are laid over it. Stores
// nothing and asks nobody.

import type { ModelRecord } from "../../protocol/library-api.ts";
import type { EditableField, EditableMetadata, ModelMetadata } from "../../protocol/metadata-api.ts";
import { hashFieldsOf } from "./hash-kinds.ts";
import { kindOfType } from "./model-kinds.ts";

/** What is measured from the file or kept by the store; never taken from anybody's description of it. */
export type MeasuredField =
  | "id"
  | "file_name"
  | "family"
  | "dtype"
  | "bytes"
  | "hash_autov2"
  | "hash_sha256"
  | "preview_path"
  | "edited";

/** Statements about a model by somebody else. */
export type MetadataFacts = Partial<Omit<ModelMetadata, MeasuredField | "last_updated">>;

/** Lengths beyond honest use. Text from outside is cut, never refused for its length. */
const MAX_LENGTHS: Readonly<Record<string, number>> = {
  description: 200_000,
  notes: 100_000,
  source: 2_000,
};
const MAX_TEXT = 1_000;
const MAX_LIST = 500;

export function blankMetadata(record: ModelRecord): ModelMetadata {
  const { id, name, fileName, family, dtype, bytes, license, description, triggerWords, addedAt } = record;
  return {
    ...hashFieldsOf(record.sha256),
    civitai_model_id: null,
    civitai_version_id: null,
    civitai_name: "",
    civitai_type: "",
    base_model: "",
    preview_path: null,
    trigger_words: triggerWords ?? [],
    description: description ?? "",
    last_updated: new Date(addedAt).toISOString(),
    id,
    name,
    file_name: fileName,
    kind: kindOfType(record.type),
    family,
    dtype,
    bytes,
    notes: "",
    tags: [],
    favourite: false,
    source: "",
    licence: license === "unknown" ? "" : license,
    usage_tips: {},
    preferred_strength: null,
    preview_nsfw_level: 0,
    lookup: "never",
    newer_version_id: null,
    newer_version_name: "",
    edited: [],
  };
}

/** Metadata of a file that is not on this device, to wait for it. */
export function absentMetadata(sha256: string, fileName: string): ModelMetadata {
  return blankMetadata({
    id: sha256,
    sha256,
    name: fileName.replace(/\.[^.]+$/, ""),
    fileName,
    type: "checkpoint",
    family: "",
    dtype: "",
    bytes: 0,
    origin: "imported",
    needs: { memoryBytes: 0, features: [] },
    license: "",
    addedAt: 0,
  });
}

/** The measured fields of the file that is here now, over what was remembered of it. */
export function withFile(stored: ModelMetadata, record: ModelRecord): ModelMetadata {
  const { file_name, family, dtype, bytes, hash_autov2, hash_sha256, kind } = blankMetadata(record);
  return {
    ...stored,
    ...{ file_name, family, dtype, bytes, hash_autov2, hash_sha256 },
    kind: stored.edited.includes("kind") ? stored.kind : (kind ?? stored.kind),
  };
}

export function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === "" || value === false || value === 0) return true;
  if (Array.isArray(value)) return value.length === 0;
  return typeof value === "object" && Object.keys(value).length === 0;
}

export function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** "fill" takes what is missing; "overwrite" takes all that is said. Neither touches what a person wrote. */
export function applyFacts(
  current: ModelMetadata,
  facts: MetadataFacts,
  mode: "fill" | "overwrite",
): ModelMetadata {
  const taken = Object.entries(cleanFacts(facts)).filter(([field, value]) => {
    if (current.edited.includes(field as EditableField) || isEmpty(value)) return false;
    return mode === "overwrite" || isEmpty(current[field as keyof ModelMetadata]);
  });
  return { ...current, ...(Object.fromEntries(taken) as MetadataFacts) };
}

/** Cuts texts and lists to lengths that the page can show. */
export function cleanFacts<T extends MetadataFacts>(facts: T): T {
  return Object.fromEntries(Object.entries(facts).map(([field, value]) => [field, cut(field, value)])) as T;
}

/** A person's change: kept over anything automatic from now on. */
export function applyEdit(current: ModelMetadata, change: Partial<EditableMetadata>): ModelMetadata {
  const fields = Object.keys(change) as (keyof EditableMetadata)[];
  const changed = fields.filter((field) => !isSame(change[field], current[field]));
  return { ...current, ...change, edited: [...new Set([...current.edited, ...changed])] };
}

function cut(field: string, value: unknown): unknown {
  if (typeof value === "string") return value.slice(0, MAX_LENGTHS[field] ?? MAX_TEXT);
  if (!Array.isArray(value)) return value;
  return value.slice(0, MAX_LIST).map((entry: unknown) => cut("", entry));
}
