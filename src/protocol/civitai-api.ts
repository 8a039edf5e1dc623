// The wall between the page and the Civitai client in the library worker: queries, answers, settings. Plain data only
// crosses it. All text in answers was written by strangers: show names as text, descriptions through the sanitiser.

import type { SerializedError } from "./app-error.ts";

/** A field of an answer that was not what the service documents. The rest of the answer was used. */
export interface SchemaProblem {
  /** Path in the answer: "items[3].modelVersions[0].files[1].sizeKB". */
  readonly where: string;
  readonly expected: string;
  readonly got: string;
}

export interface CivitaiAnswer<T> {
  readonly value: T;
  /** Milliseconds since the epoch. */
  readonly fetchedAt: number;
  /** The service did not answer; this is the last good answer. `failure` says why. */
  readonly stale: boolean;
  readonly failure?: SerializedError;
  readonly problems: readonly SchemaProblem[];
}

/** Bits of `nsfwLevel` as Civitai uses them. */
export const NSFW_LEVELS = { PG: 1, "PG-13": 2, R: 4, X: 8, XXX: 16, Blocked: 32 } as const;

export const CIVITAI_TYPES = [
  ...[
    "Checkpoint",
    "LORA",
    "LoCon",
    "DoRA",
    "TextualInversion",
    "Hypernetwork",
    "Controlnet",
    "VAE",
    "Upscaler",
  ],
  ...["AestheticGradient", "MotionModule", "TextEncoder", "UNet", "CLIPVision", "Poses", "Wildcards"],
  ...["Workflows", "Detection", "Other"],
] as const;

export const CIVITAI_SORTS = [
  ...(["Highest Rated", "Most Downloaded", "Most Liked", "Most Discussed"] as const),
  ...(["Most Collected", "Most Images", "Newest", "Oldest"] as const),
] as const;
export type CivitaiSort = (typeof CIVITAI_SORTS)[number];

export const CIVITAI_PERIODS = ["Day", "Week", "Month", "Year", "AllTime"] as const;
export type CivitaiPeriod = (typeof CIVITAI_PERIODS)[number];

/** The list that the service's /enums would give; that endpoint cannot be read from another origin. */
export const CIVITAI_BASE_MODELS = [
  ...["SD 1.4", "SD 1.5", "SD 1.5 LCM", "SD 1.5 Hyper", "SD 2.0", "SD 2.0 768", "SD 2.1", "SD 2.1 768"],
  ...["SDXL 0.9", "SDXL 1.0", "SDXL 1.0 LCM", "SDXL Distilled", "SDXL Turbo", "SDXL Lightning", "SDXL Hyper"],
  ...["Pony", "Illustrious", "NoobAI", "SD 3", "SD 3.5", "Flux.1 D", "Flux.1 S", "Other"],
] as const;

/** Where requests may go. Both serve the same interface. */
export const CIVITAI_HOSTS = ["civitai.com", "civitai.red"] as const;
export type CivitaiHost = (typeof CIVITAI_HOSTS)[number];

export interface CivitaiQuery {
  readonly text?: string;
  readonly tag?: string;
  readonly username?: string;
  readonly types?: readonly string[];
  readonly baseModels?: readonly string[];
  readonly sort?: CivitaiSort;
  readonly period?: CivitaiPeriod;
  /** Absent and false: what the service considers safe for everyone. */
  readonly nsfw?: boolean;
  /** 1 to 100. */
  readonly limit?: number;
  /** `nextCursor` of the page before; opaque. */
  readonly cursor?: string;
}

export interface CivitaiFile {
  readonly id: number;
  readonly name: string;
  /** "Model", "Pruned Model", "VAE", "Config", ... */
  readonly type: string;
  /** Estimated from the service's kilobytes; absent when it does not say. */
  readonly bytes?: number;
  /** "SafeTensor", "PickleTensor", "Diffusers", ... */
  readonly format?: string;
  /** "fp16", "fp32", "bf16", ... */
  readonly precision?: string;
  /** "full" or "pruned". */
  readonly size?: string;
  readonly pickleScan?: string;
  readonly virusScan?: string;
  /** Kind to digest; SHA256 in lower case, the short ones in upper case. */
  readonly hashes: Readonly<Record<string, string>>;
  readonly primary: boolean;
  /** Names exactly this file; built here, because the service's own address is sometimes wrong. */
  readonly downloadUrl: string;
}

export interface CivitaiImage {
  readonly url: string;
  readonly type: "image" | "video";
  /** 0: the service does not say; treat it as the highest. */
  readonly nsfwLevel: number;
  readonly width?: number;
  readonly height?: number;
  /** A blurhash, for the place before the picture. */
  readonly blurhash?: string;
}

export interface CivitaiVersion {
  readonly id: number;
  readonly modelId: number;
  readonly name: string;
  readonly baseModel: string;
  /** HTML from outside. */
  readonly description: string;
  readonly triggerWords: readonly string[];
  readonly nsfwLevel: number;
  /** ISO 8601. */
  readonly publishedAt?: string;
  readonly files: readonly CivitaiFile[];
  readonly images: readonly CivitaiImage[];
  readonly downloads?: number;
  /** Payment or waiting time stands before the download. */
  readonly restricted: boolean;
  /** What the model entry says, where the answer carries it. */
  readonly modelName?: string;
  readonly modelType?: string;
}

/** What the creator allows; undefined where the answer does not say. */
export interface CivitaiLicence {
  readonly noCredit?: boolean;
  readonly commercialUse?: readonly string[];
  readonly derivatives?: boolean;
  readonly differentLicence?: boolean;
}

export interface CivitaiModel {
  readonly id: number;
  readonly name: string;
  /** One of CIVITAI_TYPES, or a newer one. */
  readonly type: string;
  /** HTML from outside. */
  readonly description: string;
  readonly nsfw: boolean;
  readonly nsfwLevel: number;
  readonly tags: readonly string[];
  readonly creator?: string;
  readonly licence: CivitaiLicence;
  readonly downloads?: number;
  readonly likes?: number;
  /** "Archived": no files any more. "TakenDown": no pictures either. */
  readonly mode?: string;
  /** Newest first, as the service sorts them. */
  readonly versions: readonly CivitaiVersion[];
}

export interface CivitaiPage {
  readonly models: readonly CivitaiModel[];
  /** Absent on the last page. */
  readonly nextCursor?: string;
}

/** A pasted address, resolved: the model and the version it names (the newest when it names none). */
export interface CivitaiPick {
  readonly model: CivitaiModel;
  readonly version: CivitaiVersion;
}

export interface CivitaiImageQuery {
  readonly modelId?: number;
  readonly modelVersionId?: number;
  readonly username?: string;
  readonly nsfw?: boolean;
  /** 1 to 200. */
  readonly limit?: number;
  readonly cursor?: string;
}

export interface CivitaiImagePage {
  readonly images: readonly CivitaiImage[];
  readonly nextCursor?: string;
}

/** Whether models may be looked up by hash without being asked each time. Starts "unasked", which means no. */
export type LookupPermission = "unasked" | "allowed" | "refused";

export interface CivitaiSettings {
  /** One of CIVITAI_HOSTS, or another one that the downloads' settings name. */
  readonly host: string;
  readonly lookup: LookupPermission;
  /** The token itself never leaves the worker; `Downloads.setToken` sets it. */
  readonly hasToken: boolean;
}

export interface CivitaiSettingsChange {
  readonly host?: CivitaiHost;
  readonly lookup?: LookupPermission;
}

/**
 * Implemented in the library worker, mirrored by client/. Every call is a request the user asked for; answers younger than
 * some minutes come from the cache. Rejects with Network (offline, CORS, region, rate limit, server: `details.reason`),
 * ModelNotFound, InvalidRequest, FileFormat (an answer that is not what is documented) or Interrupted.
 */
export interface CivitaiCatalog {
  settings(): Promise<CivitaiSettings>;
  configure(change: CivitaiSettingsChange): Promise<CivitaiSettings>;
  /** A newer search ends one that still waits: that one rejects with Interrupted. */
  search(query: CivitaiQuery): Promise<CivitaiAnswer<CivitaiPage>>;
  model(modelId: number): Promise<CivitaiAnswer<CivitaiModel>>;
  version(versionId: number): Promise<CivitaiAnswer<CivitaiVersion>>;
  /** Any kind of hash Civitai knows. The value is null when it does not know this one. */
  versionByHash(hash: string): Promise<CivitaiAnswer<CivitaiVersion | null>>;
  /** SHA-256 digests, any number; those that Civitai knows, by lower-case digest. */
  versionsByHash(sha256: readonly string[]): Promise<CivitaiAnswer<Readonly<Record<string, CivitaiVersion>>>>;
  /** Like `versionsByHash`, but only ids: cheap for a whole library. */
  idsByHash(
    sha256: readonly string[],
  ): Promise<
    CivitaiAnswer<Readonly<Record<string, { readonly modelId: number; readonly versionId: number }>>>
  >;
  images(query: CivitaiImageQuery): Promise<CivitaiAnswer<CivitaiImagePage>>;
  /** A pasted page, model-version, download or AIR address. InvalidRequest when it is none. */
  resolve(address: string): Promise<CivitaiAnswer<CivitaiPick>>;
  /** Forgets all cached answers. */
  clearCache(): Promise<void>;
}
