// What a model file says about itself in its header: titles, trigger words, training notes, a small picture. All of it is
// somebody's claim and hostile until checked.

import type { MetadataFacts } from "./metadata-record.ts";
import { plainTextToHtml } from "./plain-text-html.ts";

// Kohya's base-model notes by the names that Civitai gives them.
const BASE_MODELS: ReadonlyMap<string, string> = new Map(
  Object.entries<string>({
    sd_v1: "SD 1.5",
    "sd_1.5": "SD 1.5",
    sd_v2: "SD 2.0",
    sd_v2_768_v: "SD 2.0 768",
    "sdxl_base_v1-0": "SDXL 1.0",
    "sdxl_base_v0-9": "SDXL 0.9",
  }),
);

const ARCHITECTURES: readonly (readonly [RegExp, string])[] = [
  [/^stable-diffusion-v1/, "SD 1.5"],
  [/^stable-diffusion-v2-768/, "SD 2.1 768"],
  [/^stable-diffusion-v2/, "SD 2.1"],
  [/^stable-diffusion-xl/, "SDXL 1.0"],
  [/^stable-diffusion-3/, "SD 3"],
];

const MAX_TAGS = 12;
// A thumbnail is some kilobytes; this is far above any honest one.
const MAX_THUMBNAIL_CHARACTERS = 4_000_000;

export interface FileFacts {
  readonly facts: MetadataFacts;
  readonly thumbnail?: Blob;
}

export function fileFacts(metadata: ReadonlyMap<string, string>): FileFacts {
  const text = (key: string): string => metadata.get(key)?.trim() ?? "";
  const phrase = text("modelspec.trigger_phrase");
  const description = text("modelspec.description");
  const clipSkip = Number(text("ss_clip_skip"));
  return {
    facts: {
      base_model: baseModelOf(text("ss_base_model_version"), text("modelspec.architecture")),
      trigger_words: phrase ? splitWords(phrase) : [],
      tags: splitWords(text("modelspec.tags")),
      description: description ? plainTextToHtml(description) : "",
      notes: trainingNotes(text("ss_tag_frequency"), text("modelspec.usage_hint")),
      licence: text("modelspec.license"),
      ...(Number.isInteger(clipSkip) && clipSkip > 0 && clipSkip < 12
        ? { usage_tips: { clip_skip: clipSkip } }
        : {}),
    },
    thumbnail: thumbnailOf(text("modelspec.thumbnail")),
  };
}

/** "a, b; c" and one per line. */
export function splitWords(text: string): string[] {
  return [...new Set(text.split(/[,;\n]+/).map((word) => word.trim()))].filter(Boolean);
}

function baseModelOf(version: string, architecture: string): string {
  return BASE_MODELS.get(version) ?? ARCHITECTURES.find(([pattern]) => pattern.test(architecture))?.[1] ?? "";
}

function trainingNotes(tagFrequency: string, hint: string): string {
  const tags = mostFrequentTags(tagFrequency);
  const trained = tags.length > 0 ? `Most frequent tags in training: ${tags.join(", ")}.` : "";
  return [hint, trained].filter(Boolean).join("\n\n");
}

/** Kohya writes {folder: {tag: count}} as JSON. */
function mostFrequentTags(json: string): string[] {
  let folders: unknown;
  try {
    folders = JSON.parse(json || "{}");
  } catch {
    return [];
  }
  if (typeof folders !== "object" || folders === null) return [];
  const counts = new Map<string, number>();
  for (const folder of Object.values(folders)) {
    for (const [tag, count] of Object.entries((folder ?? {}) as Record<string, unknown>)) {
      if (typeof count === "number") counts.set(tag.trim(), (counts.get(tag.trim()) ?? 0) + count);
    }
  }
  return [...counts]
    .sort((a, b) => b[1] - a[1])
    .slice(0, MAX_TAGS)
    .map(([tag]) => tag);
}

/** Only what a data: address of a raster picture says; anything else is dropped. */
function thumbnailOf(address: string): Blob | undefined {
  const match = /^data:(image\/(?:png|jpeg|webp));base64,([A-Za-z0-9+/=]+)$/.exec(
    address.length <= MAX_THUMBNAIL_CHARACTERS ? address : "",
  );
  if (!match) return undefined;
  try {
    const bytes = Uint8Array.from(atob(match[2]), (character) => character.charCodeAt(0));
    return new Blob([bytes], { type: match[1] });
  } catch {
    return undefined;
  }
}
