// Files of Civitai: addresses of models, versions and downloads, AIR names. Searching is the catalogue's, not this file's.

import type { AddressContents, SourceFile, SourceHosts } from "../../protocol/downloads-api.ts";
import type { ModelType } from "../../protocol/model-manifest.ts";
import { askHost, notUnderstood } from "./ask-host.ts";
import type { Source, SourceContext } from "./source.ts";
import { isBelow, parseWebAddress, pathParts } from "./web-address.ts";

// The site is split by content rating; all of its hosts share one catalogue. Civitai's server-domain configuration.
const SITES = ["civitai.com", "civitai.red", "civitai.green", "civitaired.com"];
const AIR = /^(?:urn:air:[\w.-]+:[\w.-]+:)?civitai:(\d+)(?:@(\d+))?(?:[.?].*)?$/i;

const TYPES: Readonly<Record<string, ModelType>> = {
  Checkpoint: "checkpoint",
  LORA: "lora",
  LoCon: "lora",
  DoRA: "lora",
  TextualInversion: "embedding",
  VAE: "vae",
  Upscaler: "upscaler",
  Controlnet: "controlnet",
};

/** What an address names: a model, a version of it, or one file of a version. */
interface CivitaiName {
  readonly modelId?: string;
  readonly versionId?: string;
  /** The query of a download address; picks one file of the version. */
  readonly fileQuery?: string;
}

function parseName(address: string, hosts: SourceHosts): CivitaiName | undefined {
  const air = AIR.exec(address.trim());
  if (air) return { modelId: air[1], versionId: air[2] };
  const url = parseWebAddress(address);
  if (!url) return undefined;
  const ours = SITES.includes(url.hostname.replace(/^www\./, "")) || isBelow(url, hosts.civitai);
  return ours ? nameOfPath(url) : undefined;
}

function nameOfPath(url: URL): CivitaiName | undefined {
  const path = pathParts(url).join("/");
  const download = /(?:^|\/)api\/download\/models\/(\d+)$/.exec(path);
  if (download) return { versionId: download[1], fileQuery: fileQueryOf(url) };
  const version = /(?:^|\/)model-versions\/(\d+)$/.exec(path);
  if (version) return { versionId: version[1] };
  const model = /(?:^|\/)models\/(\d+)(?:\/|$)/.exec(path);
  if (!model) return undefined;
  const asked = url.searchParams.get("modelVersionId");
  return { modelId: model[1], versionId: asked && /^\d+$/.test(asked) ? asked : undefined };
}

// What tells files of one version apart; anything else in the query (a token, tracking) is dropped.
const FILE_FIELDS = ["fileId", "type", "format", "size", "fp", "quantType"];

function fileQueryOf(url: URL): string {
  const kept = new URLSearchParams();
  for (const field of FILE_FIELDS) {
    const value = url.searchParams.get(field);
    if (value !== null) kept.set(field, value);
  }
  return kept.toString();
}

const downloadPath = (versionId: string, query: string): string =>
  `/api/download/models/${versionId}${query === "" ? "" : `?${query}`}`;

// A header would need a preflight, which half of the endpoints answer with 405; they all read the token from the address.
function withToken(url: string, token: string | undefined): string {
  if (token === undefined) return url;
  const complete = new URL(url);
  complete.searchParams.set("token", token);
  return complete.href;
}

function pageOf(hosts: SourceHosts, { modelId, versionId }: CivitaiName): string {
  if (modelId === undefined) return `${hosts.civitai}/model-versions/${versionId}`;
  return `${hosts.civitai}/models/${modelId}${versionId === undefined ? "" : `?modelVersionId=${versionId}`}`;
}

export const civitaiSource: Source = {
  id: "civitai",
  label: "Civitai",
  tokenHint:
    "If the model needs an account, make an API key in Civitai's account settings and add it in Kiln's settings.",

  canonical(address, hosts) {
    const name = parseName(address, hosts);
    if (!name) return undefined;
    if (name.versionId !== undefined && name.fileQuery !== undefined) {
      return `${hosts.civitai}${downloadPath(name.versionId, name.fileQuery)}`;
    }
    return pageOf(hosts, name);
  },

  async inspect(address, context) {
    const name = parseName(address, context.hosts) ?? {};
    const versionId = name.versionId ?? (await newestVersion(name.modelId ?? "", context));
    const url = `${context.hosts.civitai}/api/v1/model-versions/${versionId}`;
    const { json } = await askHost(civitaiSource, {
      url: withToken(url, context.token),
      signal: context.signal,
    });
    return contentsOf(json, versionId, context.hosts, url);
  },

  fileRequest(address, { hosts, token }) {
    const name = parseName(address, hosts);
    if (name?.versionId === undefined || name.fileQuery === undefined) return undefined;
    const url = `${hosts.civitai}${downloadPath(name.versionId, name.fileQuery)}`;
    // The file comes from another host after a redirect, whose answers to preflights nobody documents.
    return { url: withToken(url, token), pageUrl: url, preflight: false, readable: true };
  },
};

async function newestVersion(modelId: string, { hosts, token, signal }: SourceContext): Promise<string> {
  const url = `${hosts.civitai}/api/v1/models/${modelId}`;
  const { json } = await askHost(civitaiSource, { url: withToken(url, token), signal });
  const id = (json as { modelVersions?: { id?: unknown }[] } | null)?.modelVersions?.[0]?.id;
  if (!Number.isSafeInteger(id)) throw notUnderstood(civitaiSource, url, "a model without versions");
  return String(id);
}

interface VersionAnswer {
  readonly name?: unknown;
  readonly modelId?: unknown;
  readonly model?: { readonly name?: unknown; readonly type?: unknown };
  readonly files?: readonly FileAnswer[];
}

interface FileAnswer {
  readonly id?: unknown;
  readonly name?: unknown;
  readonly type?: unknown;
  readonly primary?: unknown;
  readonly hashes?: { readonly SHA256?: unknown };
}

function contentsOf(json: unknown, versionId: string, hosts: SourceHosts, asked: string): AddressContents {
  if (typeof json !== "object" || json === null) throw notUnderstood(civitaiSource, asked, "no object");
  const version = json as VersionAnswer;
  const files = Array.isArray(version.files) ? (version.files as readonly FileAnswer[]) : [];
  const title = [version.model?.name, version.name].filter((part) => typeof part === "string").join(" ");
  const modelId = Number.isSafeInteger(version.modelId) ? String(version.modelId) : undefined;
  return {
    source: "civitai",
    title: title || `Civitai version ${versionId}`,
    pageUrl: pageOf(hosts, { modelId, versionId }),
    files: files.flatMap((file) => fileOf(file, version, versionId, hosts) ?? []),
  };
}

function fileOf(
  file: FileAnswer,
  version: VersionAnswer,
  versionId: string,
  hosts: SourceHosts,
): SourceFile | undefined {
  if (!Number.isSafeInteger(file.id) || typeof file.name !== "string") return undefined;
  const sha256 = file.hashes?.SHA256;
  const type = file.type === "VAE" ? "vae" : TYPES[String(version.model?.type)];
  return {
    // `sizeKB` is rounded, so it is no size to compare with; the host states the exact one with the file.
    address: `${hosts.civitai}${downloadPath(versionId, `fileId=${String(file.id)}`)}`,
    fileName: file.name,
    ...(typeof sha256 === "string" && /^[0-9a-f]{64}$/i.test(sha256) && { sha256: sha256.toLowerCase() }),
    ...(type && { type }),
    primary: file.primary === true,
  };
}
