// A library that looks like one after a year: models of every kind with words and previews, downloads in every state, and
// a page of the catalogue. For tests of the page and for looking at it.

import { AppError, serializeError } from "../../src/protocol/app-error.ts";
import type { CivitaiModel, CivitaiVersion } from "../../src/protocol/civitai-api.ts";
import type { Download } from "../../src/protocol/downloads-api.ts";
import type { ModelRecord } from "../../src/protocol/library-api.ts";
import type { ModelType } from "../../src/protocol/model-manifest.ts";
import { type FakeLibrary, SMALL_MODEL } from "./ui-fakes.ts";

const KINDS: readonly { readonly type: ModelType; readonly family: string; readonly bytes: number }[] = [
  { type: "checkpoint", family: "sd1", bytes: 2_132_625_894 },
  { type: "lora", family: "sd1", bytes: 151_108_832 },
  { type: "checkpoint", family: "sdxl", bytes: 6_938_040_674 },
  { type: "embedding", family: "sd1", bytes: 24_672 },
  { type: "vae", family: "sd1", bytes: 334_641_162 },
  { type: "upscaler", family: "", bytes: 66_961_958 },
  { type: "lora", family: "sdxl", bytes: 228_455_700 },
];
const NAMES = [
  "Dawn",
  "Papercut",
  "Harbour Lights",
  "Soft Grain",
  "Clear Sky",
  "Sharp Edges",
  "Night Market",
];
const BASES: Readonly<Record<string, string>> = { sd1: "SD 1.5", sdxl: "SDXL 1.0" };

export function seedModel(i: number): ModelRecord {
  const { type, family, bytes } = KINDS[i % KINDS.length];
  const sha256 = (i + 1).toString(16).padStart(8, "0").padEnd(64, "7a");
  const name = `${NAMES[i % NAMES.length]} ${Math.floor(i / NAMES.length) + 1}`;
  return {
    ...SMALL_MODEL,
    id: sha256,
    sha256,
    name,
    type,
    family,
    bytes,
    origin: "imported",
    fileName: `${name.toLowerCase().replaceAll(" ", "-")}.safetensors`,
    license: "unknown",
    addedAt: 1_760_000_000_000 + i,
    defaults: type === "checkpoint" ? SMALL_MODEL.defaults : undefined,
  };
}

/** Fills a fake library with `count` models; every third one has no preview. */
export function seedLibrary(library: FakeLibrary, count: number, previews: readonly Blob[] = []): void {
  const records = Array.from({ length: count }, (_, i) => seedModel(i));
  library.models = [SMALL_MODEL, ...records];
  records.forEach(({ id, type, family }, i) => {
    const preview = previews.at(i % Math.max(1, previews.length));
    if (preview && i % 3 !== 2) library.metadata.previews.set(id, preview);
    library.metadata.known.set(id, {
      preview_path: preview && i % 3 !== 2 ? `.previews/${id}` : null,
      base_model: BASES[family] ?? "",
      trigger_words: type === "lora" ? ["papercut style", "layered paper", "soft shadow", "craft"] : [],
      tags: i % 2 === 0 ? ["style", "landscape"] : ["portrait"],
      favourite: i % 5 === 0,
      preview_nsfw_level: i % 7 === 6 ? 8 : 1,
      civitai_model_id: i % 2 === 0 ? 123456 : null,
      description: "<p>Made for <b>quiet</b> scenes. Works best with short prompts.</p>",
      notes: i % 4 === 0 ? "Weight 0.8 is plenty." : "",
      licence: "CreativeML Open RAIL-M",
      source: "https://civitai.com/models/123456?modelVersionId=789012",
    });
  });
}

const error = (name: "AccessDenied" | "Network", message: string) =>
  serializeError(new AppError(name, message));

/** One download in each state that looks different. */
export const SEEDED_DOWNLOADS: readonly Download[] = [
  {
    id: "d1",
    title: "Dreamlike Harbour v8 (pruned)",
    address: "https://civitai.com/api/download/models/789012",
    source: "civitai",
    state: "running",
    bytesDone: 1_204_000_000,
    bytesTotal: 2_132_625_894,
    addedAt: 1,
  },
  {
    id: "d2",
    title: "sd-xl-lightning-4step",
    address: "https://huggingface.co/owner/name/resolve/main/model.safetensors",
    source: "huggingface",
    state: "waiting",
    bytesDone: 310_000_000,
    bytesTotal: 6_938_040_674,
    addedAt: 2,
    error: error(
      "Network",
      "The connection to Hugging Face was lost. Kiln tries again; what has arrived is kept.",
    ),
  },
  {
    id: "d3",
    title: "Night Market LoRA",
    address: "https://civitai.com/api/download/models/4",
    source: "civitai",
    state: "needs-file",
    bytesDone: 0,
    addedAt: 3,
    pageUrl: "https://civitai.com/models/3",
    error: error(
      "AccessDenied",
      "Civitai does not let web apps read this file. Open the link to download it normally, then pick the file here.",
    ),
  },
  {
    id: "d4",
    title: "Clear Sky VAE",
    address: "https://example.org/clear-sky.safetensors",
    source: "direct",
    state: "done",
    bytesDone: 334_641_162,
    bytesTotal: 334_641_162,
    addedAt: 4,
    modelId: "gone",
  },
];

export function seedDownloads(library: FakeLibrary): void {
  library.downloads.entries = [...SEEDED_DOWNLOADS];
}

export function catalogModel(i: number, pictureUrl = ""): CivitaiModel {
  const type = ["Checkpoint", "LORA", "TextualInversion"][i % 3];
  const versionId = 1000 + i;
  const images = pictureUrl
    ? [{ url: pictureUrl, type: "image" as const, nsfwLevel: i % 5 === 4 ? 8 : 1, width: 512, height: 768 }]
    : [];
  const version: CivitaiVersion = {
    id: versionId,
    modelId: 100 + i,
    name: "v2.0",
    baseModel: i % 2 === 0 ? "SD 1.5" : "SDXL 1.0",
    description: "<p>Sharper eyes.</p>",
    triggerWords: ["harbour light"],
    nsfwLevel: 1,
    images,
    restricted: false,
    files: [
      {
        id: 1,
        name: `harbour-${i}.safetensors`,
        type: "Model",
        bytes: 2_132_625_894,
        format: "SafeTensor",
        precision: "fp16",
        size: "pruned",
        pickleScan: "Success",
        virusScan: "Success",
        hashes: { SHA256: (i + 1).toString(16).padStart(8, "0").padEnd(64, "7a") },
        primary: true,
        downloadUrl: `https://civitai.com/api/download/models/${versionId}?fileId=1`,
      },
      {
        id: 2,
        name: `harbour-${i}-full.ckpt`,
        type: "Model",
        bytes: 7_703_807_346,
        format: "PickleTensor",
        precision: "fp32",
        size: "full",
        pickleScan: "Danger",
        virusScan: "Success",
        hashes: {},
        primary: false,
        downloadUrl: `https://civitai.com/api/download/models/${versionId}?fileId=2`,
      },
    ],
  };
  return {
    id: 100 + i,
    name: `Harbour Dreams ${i}`,
    type,
    description: "<p>A model of <i>harbours</i> at every hour of the day.</p>",
    nsfw: false,
    nsfwLevel: 1,
    tags: ["style", "sea", "boats"],
    creator: "harbourmaster",
    licence: { noCredit: true, commercialUse: ["Image"], derivatives: true, differentLicence: false },
    downloads: 125_000 - i * 731,
    likes: 900,
    versions: [version, { ...version, id: versionId + 5000, name: "v1.0" }],
  };
}

export function seedCatalog(library: FakeLibrary, count: number, pictureUrl?: string): void {
  library.civitai.models = Array.from({ length: count }, (_, i) => catalogModel(i, pictureUrl));
}
