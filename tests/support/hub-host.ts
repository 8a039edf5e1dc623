// The Hugging Face Hub as its documentation and clients describe it, for the test host of model files: tree listing in pages,
// facts of a repository, files by commit, large ones behind a redirect to another origin. Holds no files of its own.

import { createHash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { gzipSync } from "node:zlib";
import { largeFilePath } from "./hub-paths.ts";
import { contentBytes, type Content } from "./model-host-content.ts";

export interface HubFile {
  readonly path: string;
  readonly content: Content;
  /** In large file storage, where the listing has its SHA-256; otherwise the listing has Git's hash of it. */
  readonly large?: boolean;
  /** Sent instead of what the listing promises; of small files only. */
  readonly sent?: Content;
}

export interface HubRepository {
  /** "owner/name" */
  readonly name: string;
  readonly commit: string;
  readonly license?: string;
  readonly files: readonly HubFile[];
  /** Without it as a bearer nothing of the repository is shown. */
  readonly token?: string;
  /** 401 for who is not known, 403 for who may not: what the Hub says to askers without the token. */
  readonly refusal?: 401 | 403;
  readonly pageSize?: number;
}

// As the Hub answers pages of other origins.
const EXPOSED =
  "X-Repo-Commit,X-Request-Id,X-Error-Code,X-Error-Message,X-Total-Count,ETag,Link,Accept-Ranges,Content-Range,X-Linked-Size,X-Linked-ETag,X-Xet-Hash";
const LINK_VALID_MS = 60_000;

export function sha256Of(content: Content): string {
  return createHash("sha256").update(wholeContent(content)).digest("hex");
}

function wholeContent(content: Content): Uint8Array {
  const bytes = contentBytes(content);
  return bytes.read(0, bytes.byteLength);
}

/** Says whether the address was the Hub's. */
export function answerHub(
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
  {
    repositories,
    storageUrl,
  }: { readonly repositories: readonly HubRepository[]; readonly storageUrl: string },
): boolean {
  const path = decodeURIComponent(url.pathname);
  const api = /^\/api\/models\/([^/]+\/[^/]+)\/(tree|revision)\/([^/]+)$/.exec(path);
  const file = /^\/([^/]+\/[^/]+)\/resolve\/([^/]+)\/(.+)$/.exec(path);
  const cached = /^\/api\/resolve-cache\/models\/([^/]+\/[^/]+)\/([^/]+)\/(.+)$/.exec(path);
  const [, name, kindOrRevision] = api ?? file ?? cached ?? [];
  const repository = repositories.find((each) => each.name === name);
  if (!repository) return false;
  const headers = {
    "Access-Control-Allow-Origin": request.headers.origin ?? "*",
    "Access-Control-Expose-Headers": EXPOSED,
    Vary: "Origin",
    "X-Repo-Commit": repository.commit,
  };
  if (request.method === "OPTIONS") {
    const allowed = {
      "Access-Control-Allow-Headers": "Authorization, Range, If-Range",
      "Access-Control-Max-Age": "86400",
    };
    response.writeHead(204, { ...headers, ...allowed }).end();
    return true;
  }
  if (repository.token !== undefined && request.headers.authorization !== `Bearer ${repository.token}`) {
    const code = { "X-Error-Code": "GatedRepo", "Content-Type": "application/json" };
    response
      .writeHead(repository.refusal ?? 401, { ...headers, ...code })
      .end('{"error":"Access is restricted."}');
    return true;
  }
  const revision = api ? api[3] : kindOrRevision;
  if (revision !== "main" && revision !== repository.commit) {
    const code = { "X-Error-Code": "RevisionNotFound" };
    response.writeHead(404, { ...headers, ...code }).end('{"error":"Invalid rev id"}');
    return true;
  }
  if (api?.[2] === "tree") sendJson(response, headers, ...treePage(repository, url, request));
  else if (api) sendJson(response, headers, factsOf(repository));
  else
    sendFile(request, response, headers, repository, (file ?? cached)![3], {
      cached: cached !== null,
      storageUrl,
    });
  return true;
}

function sendJson(
  response: ServerResponse,
  headers: Readonly<Record<string, string>>,
  json: unknown,
  more: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(200, { ...headers, ...more, "Content-Type": "application/json; charset=utf-8" });
  response.end(JSON.stringify(json));
}

function factsOf({ name, commit, license, token }: HubRepository): unknown {
  return {
    ...{ id: name, modelId: name, sha: commit, private: false, gated: token === undefined ? false : "auto" },
    ...(license !== undefined && { tags: ["diffusers", `license:${license}`], cardData: { license } }),
  };
}

function treePage(
  { files, pageSize = 1000 }: HubRepository,
  url: URL,
  request: IncomingMessage,
): [unknown, Readonly<Record<string, string>>] {
  const folders = [
    ...new Set(
      files.flatMap(({ path }) => (path.includes("/") ? [path.slice(0, path.lastIndexOf("/"))] : [])),
    ),
  ];
  const entries = [
    ...folders.map((path) => ({ type: "directory", oid: gitHash(path, Buffer.from(path)), size: 0, path })),
    ...files.map(entryOf),
  ];
  const from = Number(url.searchParams.get("cursor") ?? 0);
  const next = from + pageSize;
  const page = entries.slice(from, next);
  if (next >= entries.length) return [page, {}];
  const further = new URL(url.pathname + url.search, `http://${request.headers.host}`);
  further.searchParams.set("cursor", String(next));
  return [page, { Link: `<${further.href}>; rel="next"` }];
}

function entryOf({ path, content, large = false }: HubFile): unknown {
  const bytes = wholeContent(content);
  const size = bytes.byteLength;
  if (!large) return { type: "file", oid: gitHash("blob", bytes), size, path };
  const oid = sha256Of(content);
  const pointer = Buffer.from(
    `version https://git-lfs.github.com/spec/v1\noid sha256:${oid}\nsize ${size}\n`,
  );
  const lfs = { oid, size, pointerSize: pointer.byteLength };
  return {
    type: "file",
    oid: gitHash("blob", pointer),
    size,
    lfs,
    path,
    xetHash: oid.split("").reverse().join(""),
  };
}

function gitHash(kind: string, bytes: Uint8Array): string {
  return createHash("sha1").update(`${kind} ${bytes.byteLength}\0`).update(bytes).digest("hex");
}

function sendFile(
  request: IncomingMessage,
  response: ServerResponse,
  headers: Readonly<Record<string, string>>,
  { name, commit, files }: HubRepository,
  path: string,
  { cached, storageUrl }: { readonly cached: boolean; readonly storageUrl: string },
): void {
  const file = files.find((each) => each.path === path);
  if (!file) {
    response.writeHead(404, { ...headers, "X-Error-Code": "EntryNotFound" }).end("Entry not found");
    return;
  }
  // Who signs in by a cookie is known to the Hub, and must not become known to the storage.
  const cookie = { "Set-Cookie": "token=secret; Path=/" };
  if (file.large) {
    const sha256 = sha256Of(file.content);
    const linked = {
      "X-Linked-Size": String(contentBytes(file.content).byteLength),
      "X-Linked-ETag": `"${sha256}"`,
    };
    const signed = `${storageUrl}${largeFilePath(sha256)}?expires=${Date.now() + LINK_VALID_MS}&X-Amz-Signature=0`;
    response.writeHead(302, { ...headers, ...cookie, ...linked, Location: signed }).end();
    return;
  }
  if (!cached) {
    const location = `/api/resolve-cache/models/${name}/${commit}/${encodeURIComponent(path)}`;
    response.writeHead(307, { ...headers, ...cookie, Location: location }).end();
    return;
  }
  const bytes = wholeContent(file.sent ?? file.content);
  const zipped =
    /\bgzip\b/.test(String(request.headers["accept-encoding"])) && request.headers.range === undefined;
  const body = zipped ? gzipSync(bytes) : bytes;
  const etag = `"${gitHash("blob", bytes)}"`;
  const encoding = zipped ? { "Content-Encoding": "gzip" } : {};
  const type = { "Content-Type": "text/plain; charset=utf-8", "Content-Length": body.byteLength, ETag: etag };
  response.writeHead(200, { ...headers, ...type, ...encoding }).end(body);
}
