// What an answer of Civitai says about a model of ours. Asks nothing.

import { civitaiPageUrl } from "../../protocol/civitai-address.ts";
import {
  type CivitaiImage,
  type CivitaiLicence,
  type CivitaiModel,
  type CivitaiVersion,
  NSFW_LEVELS,
} from "../../protocol/civitai-api.ts";
import type { MetadataFacts } from "./metadata-record.ts";
import { kindOfName } from "./model-kinds.ts";

export interface CivitaiFactsOptions {
  readonly host: string;
  /** Adds tags, licence and the model's own description. */
  readonly model?: CivitaiModel;
}

export function civitaiFacts(
  version: CivitaiVersion,
  { host, model }: CivitaiFactsOptions,
): MetadataFacts & { readonly lookup: "found" } {
  const type = model?.type ?? version.modelType ?? "";
  const kind = kindOfName(type);
  const descriptions = [model?.description ?? "", version.description].filter(Boolean);
  return {
    civitai_model_id: version.modelId,
    civitai_version_id: version.id,
    civitai_name: model?.name ?? version.modelName ?? "",
    civitai_type: type,
    ...(kind ? { kind } : {}),
    base_model: version.baseModel,
    trigger_words: version.triggerWords,
    description: descriptions.join("<hr>"),
    source: civitaiPageUrl(host, version.modelId, version.id),
    ...(model ? { tags: model.tags, licence: licenceText(model.licence) } : {}),
    lookup: "found",
  };
}

/** The picture to show on a card: the first still one the maker chose, preferring the harmless. */
export function previewImage(version: CivitaiVersion): CivitaiImage | undefined {
  const stills = version.images.filter(({ type }) => type === "image");
  const harmless = NSFW_LEVELS.PG | NSFW_LEVELS["PG-13"];
  return stills.find(({ nsfwLevel }) => nsfwLevel > 0 && (nsfwLevel & ~harmless) === 0) ?? stills.at(0);
}

/** Asks the picture host for a small version; addresses of other shapes stay as they are. */
export function smallImageUrl(url: string, width = 450): string {
  return url.replace(/\/original=true\//, `/width=${width},optimized=true,anim=false/`);
}

/** The flags in words, shortest first; empty when the answer says nothing. */
function licenceText({ noCredit, commercialUse, derivatives, differentLicence }: CivitaiLicence): string {
  const yesNo = (name: string, flag: boolean | undefined): string[] =>
    flag === undefined ? [] : [`${name}: ${flag ? "yes" : "no"}`];
  return [
    ...yesNo("use without credit", noCredit),
    ...yesNo("derivatives", derivatives),
    ...yesNo("other licence for derivatives", differentLicence),
    ...(commercialUse ? [`commercial use: ${commercialUse.join(", ") || "no"}`] : []),
  ].join("; ");
}
