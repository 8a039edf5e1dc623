// Addresses at Civitai as people paste them: recognised and built. Sends nothing and knows nothing of answers.

import { CIVITAI_HOSTS } from "./civitai-api.ts";

/** Always names a model, a version or both. */
export interface CivitaiAddress {
  readonly modelId?: number;
  readonly versionId?: number;
  /** Only in download addresses that name one file of the version. */
  readonly fileId?: number;
}

/** Hosts that serve the same pages. The first two answer requests; the others appear in links people keep. */
const PAGE_HOSTS: readonly string[] = [...CIVITAI_HOSTS, "civitai.green", "civitaired.com"];

/** "urn:air:sdxl:lora:civitai:328553@368189", also without "urn:air:" and with ".format" at its end. */
const AIR = /^(?:urn:)?air:[\w.-]+:[\w.-]+:civitai:(\d{1,12})(?:@(\d{1,12}))?(?:\.\w+)?$/i;

const NUMBER = /^\d{1,12}$/;

/** Undefined for anything that is not an address of a model at Civitai. */
export function parseCivitaiAddress(text: string): CivitaiAddress | undefined {
  const trimmed = text.trim();
  const air = AIR.exec(trimmed);
  if (air) return address({ modelId: air[1], versionId: air[2] });
  const url = parseUrl(trimmed);
  if (!url) return undefined;
  const path = url.pathname.split("/").filter(Boolean);
  const starts = (...parts: readonly string[]): boolean => parts.every((part, i) => path[i] === part);
  const parameter = (name: string): string | undefined => url.searchParams.get(name) ?? undefined;
  if (starts("models")) return address({ modelId: path[1], versionId: parameter("modelVersionId") });
  if (starts("model-versions")) return address({ versionId: path[1] });
  if (starts("api", "download", "models")) {
    return address({ versionId: path[3], fileId: parameter("fileId") });
  }
  if (starts("api", "v1", "models")) return address({ modelId: path[3] });
  if (starts("api", "v1", "model-versions")) return address({ versionId: path[3] });
  return undefined;
}

/** The file itself. `host` answers with a redirect to signed storage. */
export function civitaiDownloadUrl(host: string, versionId: number, fileId?: number): string {
  const base = `https://${host}/api/download/models/${versionId}`;
  return fileId === undefined ? base : `${base}?fileId=${fileId}`;
}

/** The page a person can open. */
export function civitaiPageUrl(host: string, modelId: number, versionId?: number): string {
  const base = `https://${host}/models/${modelId}`;
  return versionId === undefined ? base : `${base}?modelVersionId=${versionId}`;
}

function parseUrl(text: string): URL | undefined {
  const withScheme = /^[\w.-]+\.\w+\//.test(text) ? `https://${text}` : text;
  if (!URL.canParse(withScheme)) return undefined;
  const url = new URL(withScheme);
  const host = url.hostname.replace(/^www\./, "");
  return ["https:", "http:"].includes(url.protocol) && PAGE_HOSTS.includes(host) ? url : undefined;
}

function address(texts: {
  readonly modelId?: string;
  readonly versionId?: string;
  readonly fileId?: string;
}): CivitaiAddress | undefined {
  const numbers = Object.entries(texts).filter(([, text]) => text !== undefined && NUMBER.test(text));
  const parsed: CivitaiAddress = Object.fromEntries(numbers.map(([name, text]) => [name, Number(text)]));
  return parsed.modelId === undefined && parsed.versionId === undefined ? undefined : parsed;
}
