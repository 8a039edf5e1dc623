// What Civitai's answers look like and what becomes of them: the service's names in, the protocol's names out. The tables
// follow its documentation and source of 2026; every field that is not needed to use an answer is optional.

import { civitaiDownloadUrl } from "../../protocol/civitai-address.ts";
import type {
  CivitaiFile,
  CivitaiImage,
  CivitaiLicence,
  CivitaiModel,
  CivitaiVersion,
} from "../../protocol/civitai-api.ts";
import { dictionary, either, flag, id, list, number, optional, type Read, record, text } from "./schema.ts";

const KILOBYTE = 1024;

// Some lists arrive as one text in older answers: "Sell" or "{Image,Rent}".
const texts = either(list(text), (value, at) =>
  text(value, at)
    .split(/[{},\s]+/)
    .filter(Boolean),
);

const fileAnswer = record({
  id,
  name: optional(text, ""),
  type: optional(text, "Model"),
  sizeKB: optional(number, undefined),
  metadata: optional(
    record({
      fp: optional(text, undefined),
      size: optional(text, undefined),
      format: optional(text, undefined),
    }),
    undefined,
  ),
  pickleScanResult: optional(text, undefined),
  virusScanResult: optional(text, undefined),
  hashes: optional(dictionary(text), {}),
  primary: optional(flag, false),
});

const imageAnswer = record({
  url: text,
  type: optional(text, "image"),
  nsfwLevel: optional(either(number, text), 0),
  nsfw: optional(either(flag, text), undefined),
  width: optional(number, undefined),
  height: optional(number, undefined),
  hash: optional(text, undefined),
});

const versionFields = {
  id,
  name: optional(text, ""),
  baseModel: optional(text, ""),
  description: optional(text, ""),
  trainedWords: optional(list(text), []),
  nsfwLevel: optional(number, 0),
  publishedAt: optional(text, undefined),
  availability: optional(text, undefined),
  earlyAccessEndsAt: optional(text, undefined),
  usageControl: optional(text, undefined),
  stats: optional(record({ downloadCount: optional(number, undefined) }), undefined),
  files: optional(list(fileAnswer), []),
  images: optional(list(imageAnswer), []),
};

/** /model-versions/:id and by-hash. */
export const versionAnswer = record({
  ...versionFields,
  modelId: id,
  model: optional(
    record({
      name: optional(text, undefined),
      type: optional(text, undefined),
      mode: optional(text, undefined),
    }),
    undefined,
  ),
});

/** /models/:id and the entries of /models. */
export const modelAnswer = record({
  id,
  name: text,
  type: optional(text, "Other"),
  description: optional(text, ""),
  nsfw: optional(flag, false),
  nsfwLevel: optional(number, 0),
  tags: optional(list(text), []),
  mode: optional(text, undefined),
  creator: optional(record({ username: optional(text, undefined) }), undefined),
  stats: optional(
    record({ downloadCount: optional(number, undefined), thumbsUpCount: optional(number, undefined) }),
    undefined,
  ),
  allowNoCredit: optional(flag, undefined),
  allowCommercialUse: optional(texts, undefined),
  allowDerivatives: optional(flag, undefined),
  allowDifferentLicense: optional(flag, undefined),
  modelVersions: optional(list(record(versionFields)), []),
});

const pageMetadata = optional(record({ nextCursor: optional(either(text, number), undefined) }), undefined);

export const modelPageAnswer = record({ items: list(modelAnswer), metadata: pageMetadata });
export const imagePageAnswer = record({ items: list(imageAnswer), metadata: pageMetadata });
export const versionListAnswer = list(versionAnswer);
export const idListAnswer = list(record({ modelVersionId: id, modelId: id, hash: text }));

/** Where answers came from. */
export interface AnswerOrigin {
  /** Download addresses are built for it. */
  readonly host: string;
  /** Origin that was asked; differs from `https://host` in tests only. */
  readonly base: string;
  readonly now: number;
}

export function toModel(answer: Read<typeof modelAnswer>, origin: AnswerOrigin): CivitaiModel {
  const model = { name: answer.name, type: answer.type, mode: answer.mode };
  return {
    ...pick(answer, "id", "name", "type", "description", "nsfw", "nsfwLevel", "tags"),
    creator: answer.creator?.username,
    licence: licenceOf(answer),
    downloads: answer.stats?.downloadCount,
    likes: answer.stats?.thumbsUpCount,
    mode: answer.mode,
    versions: answer.modelVersions.map((version) =>
      toVersion({ ...version, modelId: answer.id, model }, origin),
    ),
  };
}

export function toVersion(answer: Read<typeof versionAnswer>, origin: AnswerOrigin): CivitaiVersion {
  return {
    ...pick(answer, "id", "modelId", "name", "baseModel", "description", "nsfwLevel", "publishedAt"),
    triggerWords: answer.trainedWords.map((words) => words.trim()).filter(Boolean),
    files: answer.files.map((file) => toFile(file, answer.id, origin.host)),
    images: answer.images.flatMap((image) => toImage(image, origin)),
    downloads: answer.stats?.downloadCount,
    restricted: isRestricted(answer, origin.now),
    modelName: answer.model?.name,
    modelType: answer.model?.type,
  };
}

/** Empty for a picture that has no usable address. */
export function toImage(answer: Read<typeof imageAnswer>, { base }: AnswerOrigin): CivitaiImage[] {
  if (!URL.canParse(answer.url)) return [];
  const { protocol, origin } = new URL(answer.url);
  if (protocol !== "https:" && origin !== base) return [];
  return [
    {
      url: answer.url,
      type: answer.type === "video" ? "video" : "image",
      nsfwLevel: levelOf(answer),
      width: answer.width,
      height: answer.height,
      blurhash: answer.hash,
    },
  ];
}

function toFile(answer: Read<typeof fileAnswer>, versionId: number, host: string): CivitaiFile {
  return {
    id: answer.id,
    name: answer.name || `${versionId}-${answer.id}`,
    type: answer.type,
    bytes: answer.sizeKB === undefined ? undefined : Math.round(answer.sizeKB * KILOBYTE),
    format: answer.metadata?.format,
    precision: answer.metadata?.fp,
    size: answer.metadata?.size,
    pickleScan: answer.pickleScanResult,
    virusScan: answer.virusScanResult,
    hashes: hashesOf(answer.hashes),
    primary: answer.primary,
    // The service's own downloadUrl names the host "undefined" in answers to POST by-hash.
    downloadUrl: civitaiDownloadUrl(host, versionId, answer.id),
  };
}

function hashesOf(hashes: Readonly<Record<string, string>>): Record<string, string> {
  const usable = Object.entries(hashes).filter(([, digest]) => /^[0-9a-f]{8,64}$/i.test(digest));
  return Object.fromEntries(
    usable.map(([kind, digest]) => [
      kind,
      digest.length === 64 ? digest.toLowerCase() : digest.toUpperCase(),
    ]),
  );
}

// Older answers rate with words; the number is the least level that such a picture may have.
const LEVEL_WORDS: ReadonlyMap<string, number> = new Map(
  Object.entries<number>({ None: 1, Soft: 2, Mature: 4, X: 8 }),
);

function levelOf({ nsfwLevel, nsfw }: Read<typeof imageAnswer>): number {
  if (typeof nsfwLevel === "number" && nsfwLevel > 0) return nsfwLevel;
  const word = typeof nsfwLevel === "string" ? nsfwLevel : nsfw;
  return (typeof word === "string" ? LEVEL_WORDS.get(word) : undefined) ?? 0;
}

function isRestricted(answer: Read<typeof versionAnswer>, now: number): boolean {
  const { availability, earlyAccessEndsAt, usageControl, paidAccess } = answer;
  if (availability !== undefined && availability !== "Public") return true;
  if (earlyAccessEndsAt !== undefined && Date.parse(earlyAccessEndsAt) > now) return true;
  return (usageControl !== undefined && usageControl !== "Download") || Boolean(paidAccess);
}

function licenceOf(answer: Read<typeof modelAnswer>): CivitaiLicence {
  return {
    noCredit: answer.allowNoCredit,
    commercialUse: answer.allowCommercialUse,
    derivatives: answer.allowDerivatives,
    differentLicence: answer.allowDifferentLicense,
  };
}

function pick<T, K extends keyof T>(from: T, ...names: readonly K[]): Pick<T, K> {
  return Object.fromEntries(names.map((name) => [name, from[name]])) as Pick<T, K>;
}
