// The wall between the page and the store of model metadata in the library worker. Plain data only crosses it. Names,
// trigger words, notes and descriptions may come from strangers: text as text, `description` through the sanitiser.

import type { SerializedError } from "./app-error.ts";

/** AUTOV2: first 10 digits of SHA-256. legacy: 8 digits (AutoV1). civitai: any kind its search knows (8, 10, 12 or 64). */
export const HASH_KINDS = ["AUTOV2", "SHA256", "civitai", "legacy"] as const;
export type HashKind = (typeof HASH_KINDS)[number];

/** Folder names that model managers agree on: checkpoint, LoRA, ControlNet, upscaler, embedding, hypernetwork, VAE. */
export const MODEL_KINDS = ["SD", "LoRA", "CN", "SR", "TI", "HN", "VAE"] as const;
export type ModelKind = (typeof MODEL_KINDS)[number];

/** The sidecar's fields, by the names under which they are written to NAME.safetensors.metadata.json. */
export interface SidecarFields {
  /** Kind and digest: "AUTOV2: 90BFFAFD10". The hash that lookups use; may be edited by hand. */
  readonly hash: string;
  readonly hash_type: HashKind;
  /** Of the file itself, upper case. Empty when the file was never hashed. */
  readonly hash_autov2: string;
  /** Of the file itself, lower case. Empty when the file was never hashed. */
  readonly hash_sha256: string;
  readonly civitai_model_id: number | null;
  readonly civitai_version_id: number | null;
  readonly civitai_name: string;
  readonly civitai_type: string;
  /** "SD 1.5", "SDXL 1.0", "Pony", ...; empty when nobody said. */
  readonly base_model: string;
  /** ".previews/NAME", below the models folder; get the picture from `preview`. */
  readonly preview_path: string | null;
  readonly trigger_words: readonly string[];
  /** HTML from outside. */
  readonly description: string;
  /** ISO 8601. */
  readonly last_updated: string;
}

/** How strongly to apply an adapter, and what else its maker says of its use. */
export interface UsageTips {
  readonly strength_min?: number;
  readonly strength_max?: number;
  readonly clip_strength?: number;
  readonly clip_skip?: number;
  readonly negative_text?: string;
}

/** How looking it up at Civitai went the last time. */
export type LookupState = "never" | "found" | "unknown" | "failed";

export interface ModelMetadata extends SidecarFields {
  /** The model's id in the library; its SHA-256 for what was imported. */
  readonly id: string;
  readonly name: string;
  readonly file_name: string;
  readonly kind: ModelKind | null;
  /** Row of models/families.ts; empty when not known. */
  readonly family: string;
  readonly dtype: string;
  readonly bytes: number;
  readonly notes: string;
  readonly tags: readonly string[];
  readonly favourite: boolean;
  /** Page or file it came from; an address without secrets, or empty. */
  readonly source: string;
  readonly licence: string;
  readonly usage_tips: UsageTips;
  readonly preferred_strength: number | null;
  /** Bits of the picture's content level; 0 when not known. */
  readonly preview_nsfw_level: number;
  readonly lookup: LookupState;
  /** Set when a check found a newer version. */
  readonly newer_version_id: number | null;
  readonly newer_version_name: string;
  /** Fields written by hand: nothing automatic overwrites them. */
  readonly edited: readonly EditableField[];
}

/** What a person may write. The hash has its own call, because it is validated as a whole. */
export interface EditableMetadata {
  readonly name: string;
  readonly kind: ModelKind | null;
  readonly civitai_name: string;
  readonly civitai_type: string;
  readonly base_model: string;
  readonly trigger_words: readonly string[];
  readonly description: string;
  readonly notes: string;
  readonly tags: readonly string[];
  readonly favourite: boolean;
  readonly source: string;
  readonly licence: string;
  readonly usage_tips: UsageTips;
  readonly preferred_strength: number | null;
}
export type EditableField = keyof EditableMetadata | "hash" | "preview_path";

export interface DuplicateGroup {
  /** The whole-file SHA-256 is equal, or both are the same version at Civitai (another precision, pruned, renamed). */
  readonly reason: "same-file" | "same-version";
  readonly ids: readonly string[];
}

export interface MetadataProgress {
  readonly done: number;
  readonly total: number;
  /** The model being worked on. */
  readonly name: string;
}

export interface MetadataSummary {
  /** Found, respectively updatable. */
  readonly found: readonly string[];
  /** Asked, and Civitai knows nothing of them. */
  readonly unknown: readonly string[];
  readonly failed: readonly { readonly id: string; readonly error: SerializedError }[];
  /** True when `stop` ended it early. What was done is kept. */
  readonly stopped: boolean;
}

/**
 * What wins where both sides say something different:
 * "fill" keeps ours and takes only what we lack; "newer" takes the side with the later last_updated; "replace" takes theirs.
 */
export const MERGE_RULES = ["fill", "newer", "replace"] as const;
export type MergeRule = (typeof MERGE_RULES)[number];

export interface MergeChange {
  readonly field: string;
  readonly ours: string;
  readonly theirs: string;
  /** What will stand there afterwards. */
  readonly takes: "ours" | "theirs" | "both";
}

export interface MergeEntry {
  /** Library id, or the SHA-256 of a file that is not here (kept for when it arrives). */
  readonly id: string;
  readonly fileName: string;
  readonly matchedBy: "hash" | "name" | "none";
  readonly changes: readonly MergeChange[];
}

/** What an import would do; nothing is written before `applyImport`. */
export interface MergePlan {
  readonly planId: string;
  readonly rule: MergeRule;
  readonly entries: readonly MergeEntry[];
  /** Entries that cannot be used, each with a sentence that says why. */
  readonly rejected: readonly { readonly where: string; readonly reason: string }[];
}

/** Whose sidecar files are written: ours, or those of Civitai Helper, LoRA Manager, Stability Matrix, the A1111 web UI. */
export const SIDECAR_FORMATS = [
  "kiln",
  "civitai-helper",
  "lora-manager",
  "stability-matrix",
  "a1111",
] as const;
export type SidecarFormat = (typeof SIDECAR_FORMATS)[number];

export type MetadataEvent =
  | { readonly type: "changed"; readonly ids: readonly string[] }
  /** A new model is being looked up by itself. */
  | { readonly type: "looking-up"; readonly id: string; readonly name: string }
  /** A new model is here and the user was never asked whether models may be looked up. Ask, then `configure`. */
  | { readonly type: "ask-permission" }
  | { readonly type: "failed"; readonly id: string; readonly error: SerializedError };

/** Implemented in the library worker, mirrored by client/. Rejects with ModelNotFound, InvalidRequest, FileFormat, Network. */
export interface ModelMetadataStore {
  /** One listener; also told of what other tabs changed. */
  subscribe(listener: (event: MetadataEvent) => void): Promise<void>;
  /** Every model of the library has metadata, if only what its file says. */
  get(id: string): Promise<ModelMetadata>;
  /** In the order of the library's models. */
  list(): Promise<readonly ModelMetadata[]>;
  /** Remembers which fields a person wrote. */
  update(id: string, change: Partial<EditableMetadata>): Promise<ModelMetadata>;
  /** InvalidRequest says what digits the kind has. An empty `value` returns to the file's own hash. */
  editHash(id: string, kind: HashKind, value: string): Promise<ModelMetadata>;

  /** The cached picture, small and re-encoded. */
  preview(id: string): Promise<Blob | undefined>;
  /** A picture from a file or the gallery; null removes it. */
  setPreview(id: string, picture: Blob | null): Promise<ModelMetadata>;

  /** By `address` when given, else by hash: SHA-256 first, then the weaker kinds. */
  fetchOne(id: string, address?: string): Promise<ModelMetadata>;
  fetchMissing(onProgress: (progress: MetadataProgress) => void): Promise<MetadataSummary>;
  checkUpdates(onProgress: (progress: MetadataProgress) => void): Promise<MetadataSummary>;
  /** Ends `fetchMissing` and `checkUpdates` after the model they are at. */
  stop(): Promise<void>;

  duplicates(): Promise<readonly DuplicateGroup[]>;

  /** What describes one model beside its file: NAME.safetensors.metadata.json, or other tools' names; and its picture. */
  exportSidecar(id: string, format: SidecarFormat): Promise<readonly File[]>;
  exportAll(): Promise<File>;
  /** Reads an export of all metadata, or sidecars of this and other tools, and says what they would change. */
  planImport(files: readonly File[], rule: MergeRule): Promise<MergePlan>;
  /** Resolves with the ids that changed. A plan can be applied once. */
  applyImport(planId: string): Promise<readonly string[]>;
}
