// The sidecars of Civitai Helper, LoRA Manager, Stability Matrix and A1111: read into facts, and written from a record.

import { civitaiPageUrl } from "../../../protocol/civitai-address.ts";
import type { ModelMetadata } from "../../../protocol/metadata-api.ts";
import { splitWords } from "../file-facts.ts";
import { kindOfName } from "../model-kinds.ts";
import { plainTextToHtml } from "../plain-text-html.ts";
import { usageTips } from "./kiln-sidecar.ts";
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

const PAGE_HOST = "civitai.com";

/** BASE.civitai.info: the service's answer to a lookup by hash. An empty file means "looked up, not known". */
export function readCivitaiHelper(json: unknown): Described {
  const version = asObject(json);
  const model = asObject(version.model);
  const ids = [asId(version.modelId), asId(version.id)] as const;
  const file = (Array.isArray(version.files) ? version.files : [])
    .map(asObject)
    .find(({ primary }) => primary);
  return {
    sha256: asSha256(asObject(file?.hashes).SHA256),
    fileName: asFileName(file?.name),
    lastUpdated: asTime(version.updatedAt),
    facts: {
      ...civitaiIds(...ids),
      civitai_name: asText(model.name),
      ...typeFacts(asText(model.type)),
      base_model: asText(version.baseModel),
      trigger_words: asTexts(version.trainedWords),
      description: asText(version.description) || asText(model.description),
      tags: asTexts(model.tags),
    },
  };
}

export function toCivitaiHelper(metadata: ModelMetadata): unknown {
  return {
    id: metadata.civitai_version_id,
    modelId: metadata.civitai_model_id,
    name: metadata.name,
    baseModel: metadata.base_model,
    trainedWords: metadata.trigger_words,
    description: metadata.description,
    updatedAt: metadata.last_updated,
    model: {
      name: metadata.civitai_name || metadata.name,
      type: metadata.civitai_type,
      tags: metadata.tags,
    },
    files: [
      {
        name: metadata.file_name,
        primary: true,
        hashes: { SHA256: metadata.hash_sha256.toUpperCase(), AutoV2: metadata.hash_autov2 },
      },
    ],
  };
}

/** BASE.metadata.json of LoRA Manager, schema 1.1. */
export function readLoraManager(json: unknown): Described {
  const entry = asObject(json);
  const civitai = asObject(entry.civitai);
  const model = asObject(civitai.model);
  const tips = usageTips(parsed(asText(entry.usage_tips)));
  const strength = asNumber(asObject(parsed(asText(entry.usage_tips))).strength);
  return {
    sha256: asSha256(entry.sha256),
    fileName: asFileName(entry.file_path) ?? asFileName(entry.file_name),
    lastUpdated: asTime(entry.last_checked_at) || asTime(entry.modified),
    facts: {
      ...civitaiIds(asId(civitai.modelId), asId(civitai.id)),
      ...(asText(entry.model_name) ? { name: asText(entry.model_name) } : {}),
      civitai_name: asText(model.name) || asText(entry.model_name),
      ...typeFacts(asText(model.type) || asText(entry.model_type)),
      base_model: asText(entry.base_model),
      trigger_words: asTexts(civitai.trainedWords),
      description: asText(entry.modelDescription) || asText(civitai.description),
      notes: asText(entry.notes),
      tags: asTexts(entry.tags),
      favourite: entry.favorite === true,
      usage_tips: tips,
      preferred_strength: strength,
      preview_nsfw_level: asNumber(entry.preview_nsfw_level) ?? 0,
    },
  };
}

export function toLoraManager(metadata: ModelMetadata): unknown {
  const { preferred_strength: strength, usage_tips: tips } = metadata;
  return {
    file_name: metadata.file_name.replace(/\.[^.]+$/, ""),
    model_name: metadata.name,
    file_path: metadata.file_name,
    size: metadata.bytes,
    modified: Date.parse(metadata.last_updated) / 1000,
    sha256: metadata.hash_sha256,
    base_model: metadata.base_model,
    preview_nsfw_level: metadata.preview_nsfw_level,
    notes: metadata.notes,
    from_civitai: metadata.civitai_version_id !== null,
    civitai: toCivitaiHelper(metadata),
    tags: metadata.tags,
    modelDescription: metadata.description,
    favorite: metadata.favourite,
    usage_tips: JSON.stringify({ ...tips, ...(strength === null ? {} : { strength }) }),
    model_type: metadata.civitai_type.toLowerCase(),
  };
}

/** BASE.cm-info.json of Stability Matrix. */
export function readStabilityMatrix(json: unknown): Described {
  const entry = asObject(json);
  return {
    sha256: asSha256(asObject(entry.Hashes).SHA256),
    fileName: asFileName(entry.RemoteFileName),
    lastUpdated: asTime(entry.ImportedAt),
    facts: {
      ...civitaiIds(asId(entry.ModelId), asId(entry.VersionId)),
      ...(asText(entry.UserTitle) ? { name: asText(entry.UserTitle) } : {}),
      civitai_name: asText(entry.ModelName),
      ...typeFacts(asText(entry.ModelType)),
      base_model: asText(entry.BaseModel),
      trigger_words: asTexts(entry.TrainedWords),
      description: [entry.ModelDescription, entry.VersionDescription]
        .map(asText)
        .filter(Boolean)
        .join("<hr>"),
      tags: asTexts(entry.Tags),
      ...(asSource(entry.SourceUrl) ? { source: asSource(entry.SourceUrl) } : {}),
    },
  };
}

export function toStabilityMatrix(metadata: ModelMetadata): unknown {
  return {
    ModelId: metadata.civitai_model_id,
    ModelName: metadata.civitai_name || metadata.name,
    ModelDescription: metadata.description,
    Nsfw: metadata.preview_nsfw_level >= 4,
    Tags: metadata.tags,
    ModelType: metadata.civitai_type,
    VersionId: metadata.civitai_version_id,
    VersionName: "",
    BaseModel: metadata.base_model,
    RemoteFileName: metadata.file_name,
    ImportedAt: metadata.last_updated,
    Hashes: { SHA256: metadata.hash_sha256.toUpperCase() },
    TrainedWords: metadata.trigger_words,
    UserTitle: metadata.name,
    SourceUrl: asSource(metadata.source),
  };
}

// A1111 knows four; the rest is "Other".
const A1111_VERSIONS: ReadonlyMap<string, string> = new Map(
  Object.entries<string>({ SD1: "SD 1.5", SD2: "SD 2.1", SDXL: "SDXL 1.0" }),
);

/** BASE.json of A1111's extra networks, with the ids that some extensions add. */
export function readA1111(json: unknown): Described {
  const entry = asObject(json);
  const negative = asText(entry["negative text"]);
  return {
    sha256: asSha256(entry.sha256),
    lastUpdated: "",
    facts: {
      ...civitaiIds(asId(entry.modelId), asId(entry.modelVersionId)),
      base_model: A1111_VERSIONS.get(asText(entry["sd version"])) ?? "",
      trigger_words: splitWords(asText(entry["activation text"])),
      description: plainTextToHtml(asText(entry.description)),
      notes: asText(entry.notes),
      preferred_strength: asNumber(entry["preferred weight"]) || null,
      usage_tips: negative ? { negative_text: negative } : {},
    },
  };
}

export function toA1111(metadata: ModelMetadata): unknown {
  const known = [...A1111_VERSIONS].find(([, base]) => base === metadata.base_model);
  return {
    description: metadata.description,
    "sd version": known?.[0] ?? (metadata.base_model ? "Other" : "Unknown"),
    "activation text": metadata.trigger_words.join(", "),
    "preferred weight": metadata.preferred_strength ?? 0,
    "negative text": metadata.usage_tips.negative_text ?? "",
    notes: metadata.notes,
    sha256: metadata.hash_sha256,
    ...(metadata.civitai_model_id === null
      ? {}
      : { modelId: metadata.civitai_model_id, modelVersionId: metadata.civitai_version_id }),
  };
}

function civitaiIds(modelId: number | null, versionId: number | null): Described["facts"] {
  if (modelId === null) return {};
  return {
    civitai_model_id: modelId,
    civitai_version_id: versionId,
    source: civitaiPageUrl(PAGE_HOST, modelId, versionId ?? undefined),
    lookup: "found",
  };
}

function typeFacts(type: string): Described["facts"] {
  const kind = kindOfName(type);
  return kind ? { civitai_type: type, kind } : {};
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json || "{}") as unknown;
  } catch {
    return {};
  }
}
