// What a pasted text names, told from the text alone: the source and what it points at. Asks no host anything.

import { msg, str } from "@lit/localize";
import { parseCivitaiAddress } from "../protocol/civitai-address.ts";
import type { SourceId } from "../protocol/downloads-api.ts";
import { MODEL_FILE } from "../protocol/model-file-name.ts";

export interface RecognisedAddress {
  readonly source: SourceId;
  /** A few words on what it points at. */
  readonly what: string;
  /** Clearly a model, so that text pasted or dropped anywhere may be taken for one. */
  readonly certain: boolean;
}

const SOURCE_NAMES: Readonly<Record<SourceId, () => string>> = {
  civitai: () => "Civitai",
  huggingface: () => "Hugging Face",
  github: () => "GitHub",
  "google-drive": () => "Google Drive",
  ipfs: () => "IPFS",
  "own-server": () => msg("Your own server"),
  direct: () => msg("Web address"),
};

export function sourceName(source: SourceId): string {
  return SOURCE_NAMES[source]();
}

const REPOSITORY = /^[\w.-]{1,96}\/[\w.-]{1,96}$/;

function lastPart(url: URL): string {
  const part = url.pathname.split("/").filter(Boolean).at(-1) ?? url.hostname;
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // a stray percent sign is no reason to refuse the address
  }
}

function recogniseUrl(url: URL): RecognisedAddress | undefined {
  if (url.protocol === "ipfs:") {
    return { source: "ipfs", what: url.href.slice("ipfs://".length), certain: true };
  }
  if (url.protocol !== "https:" && url.protocol !== "http:") return undefined;
  const host = url.hostname.replace(/^www\./, "");
  const isFile = MODEL_FILE.test(url.pathname);
  if (host === "huggingface.co" || host === "hf.co") {
    const [owner, name] = url.pathname.split("/").filter(Boolean);
    if (owner === undefined || name === undefined) return undefined;
    const what = isFile ? `${owner}/${name}: ${lastPart(url)}` : `${owner}/${name}`;
    return { source: "huggingface", what, certain: true };
  }
  if (host === "github.com" || host === "raw.githubusercontent.com") {
    return { source: "github", what: lastPart(url), certain: isFile };
  }
  if (host === "drive.google.com") {
    return { source: "google-drive", what: msg("a file on Google Drive"), certain: true };
  }
  if (url.pathname.includes("/ipfs/")) return { source: "ipfs", what: lastPart(url), certain: true };
  return { source: "direct", what: `${host}: ${lastPart(url)}`, certain: isFile };
}

/** Undefined for text that names nothing. */
export function recogniseAddress(text: string): RecognisedAddress | undefined {
  const trimmed = text.trim();
  const civitai = parseCivitaiAddress(trimmed);
  if (civitai) {
    const { modelId, versionId } = civitai;
    const what =
      modelId === undefined
        ? msg(str`version ${versionId}`)
        : versionId === undefined
          ? msg(str`model ${modelId}, newest version`)
          : msg(str`model ${modelId}, version ${versionId}`);
    return { source: "civitai", what, certain: true };
  }
  if (REPOSITORY.test(trimmed)) return { source: "huggingface", what: trimmed, certain: false };
  return /\s/.test(trimmed) || !URL.canParse(trimmed) ? undefined : recogniseUrl(new URL(trimmed));
}
