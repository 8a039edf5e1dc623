// A host of model files for tests: a plain HTTP server with two origins, whose files misbehave as a test orders. It is ordered
// over HTTP too (PUT /control), so that tests in a browser can. Not a mock: the app talks to it as to any host.

import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { familyRepository } from "./family-repository.ts";
import { answerHub, type HubRepository, sha256Of } from "./hub-host.ts";
import { largeFilePath } from "./hub-paths.ts";
import { contentBytes, type Content } from "./model-host-content.ts";

export interface HostedFile {
  readonly content: Content;
  /** "open" lets any page read, and lists no headers beside the safelisted ones; "exposed" lists the useful ones too. */
  readonly cors?: "open" | "exposed" | "none";
  /** How OPTIONS is answered: allowing everything, or 405 without CORS headers, as half of Civitai does. */
  readonly preflight?: "allowed" | 405;
  /** false: 200 with everything, whatever was asked; 416: every range is refused. */
  readonly ranges?: boolean | 416;
  readonly noLength?: boolean;
  readonly etag?: string;
  readonly disposition?: string;
  readonly type?: string;
  /** Offsets at which the connection is cut, each once, in order. */
  readonly cuts?: readonly number[];
  /** Offsets at which nothing more is sent until the reader goes away, each once. */
  readonly holds?: readonly number[];
  /** Answered instead of the file, as often as it says. */
  readonly refusals?: readonly { readonly status: number; readonly retryAfter?: string }[];
  /** Needed as `?token=` or as a bearer header. */
  readonly token?: string;
  /** Sends the reader on to the other origin, with a link that is valid this long. */
  readonly redirect?: { readonly status: 302 | 307; readonly validMs: number };
  readonly bytesPerSecond?: number;
  /** Sends nothing more after this many bytes, and keeps the connection. */
  readonly stallAt?: number;
}

export interface LoggedRequest {
  readonly method: string;
  readonly path: string;
  readonly range?: string;
  readonly ifRange?: string;
  readonly authorization?: string;
  readonly cookie?: string;
  readonly origin: "main" | "storage";
}

export interface HostReport {
  readonly requests: readonly LoggedRequest[];
  /** Cuts and holds that no request has met yet. */
  readonly faultsLeft: number;
}

interface Hosted {
  file: HostedFile;
  cuts: number[];
  holds: number[];
  refusals: { readonly status: number; readonly retryAfter?: string }[];
}

export interface ModelHost {
  /** Without a slash at the end. */
  readonly url: string;
  readonly storageUrl: string;
  put(path: string, file: HostedFile): void;
  remove(path: string): void;
  /** Answers for this repository as the Hub does; its large files lie in the storage, where `put` can make them misbehave. */
  putRepository(repository: HubRepository): void;
  readonly requests: LoggedRequest[];
  close(): Promise<void>;
}

const CHUNK = 256 * 1024;
const EXPOSED = "ETag, Content-Range, Accept-Ranges, Content-Disposition, Retry-After, Link";
const CONTROL_HEADERS = {
  "Access-Control-Allow-Origin": "*",
  "Access-Control-Allow-Methods": "*",
  "Access-Control-Allow-Headers": "*",
};

/** `extra` answers paths of its own (a catalogue, say) and says whether it did. */
export async function startModelHost(
  extra: (request: IncomingMessage, response: ServerResponse, url: URL) => boolean = () => false,
): Promise<ModelHost> {
  const files = new Map<string, Hosted>();
  const requests: LoggedRequest[] = [];
  const repositories = new Map<string, HubRepository>();
  const put = (path: string, file: HostedFile): void => {
    const { cuts = [], holds = [], refusals = [] } = file;
    files.set(path, {
      file,
      cuts: [...cuts].sort(ascending),
      holds: [...holds].sort(ascending),
      refusals: [...refusals],
    });
  };
  const putRepository = (repository: HubRepository): void => {
    repositories.set(repository.name, repository);
    for (const { content, large } of repository.files) {
      if (large) put(largeFilePath(sha256Of(content)), { content, cors: "exposed" });
    }
  };
  const forget = (): void => {
    files.clear();
    repositories.clear();
    requests.length = 0;
  };
  const handle =
    (origin: "main" | "storage") =>
    (request: IncomingMessage, response: ServerResponse): void => {
      const url = new URL(request.url ?? "/", "http://host");
      if (url.pathname === "/control")
        return void control(request, response, { put, putRepository, forget, files, requests });
      requests.push(logged(request, url, origin));
      if (origin === "main" && extra(request, response, url)) return;
      const hub = { repositories: [...repositories.values()], storageUrl };
      if (origin === "main" && answerHub(request, response, url, hub)) return;
      const hosted = files.get(decodeURIComponent(url.pathname));
      if (!hosted) return void response.writeHead(404, CONTROL_HEADERS).end("no such file");
      answer(request, response, { url, hosted, origin, storageUrl });
    };
  const [main, storage] = [await listen(handle("main")), await listen(handle("storage"))];
  const storageUrl = storage.url;
  return {
    ...{ url: main.url, storageUrl, put, putRepository, requests },
    remove: (path) => void files.delete(path),
    close: async () => void (await Promise.all([main.close(), storage.close()])),
  };
}

interface Asked {
  readonly url: URL;
  readonly hosted: Hosted;
  readonly origin: "main" | "storage";
  readonly storageUrl: string;
}

function answer(request: IncomingMessage, response: ServerResponse, asked: Asked): void {
  const { url, hosted, origin, storageUrl } = asked;
  const { file } = hosted;
  const cors = corsHeaders(file);
  if (request.method === "OPTIONS") {
    if (file.preflight === 405) return void response.writeHead(405).end();
    return void response.writeHead(200, { ...cors, ...(file.cors !== "none" && CONTROL_HEADERS) }).end();
  }
  const refusal = hosted.refusals.shift();
  if (refusal) {
    const after = refusal.retryAfter === undefined ? {} : { "Retry-After": refusal.retryAfter };
    return void response.writeHead(refusal.status, { ...cors, ...after }).end("no");
  }
  const given =
    url.searchParams.get("token") ?? /^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1];
  if (origin === "main" && file.token !== undefined && given !== file.token) {
    return void response.writeHead(401, cors).end("no");
  }
  if (origin === "main" && file.redirect) {
    const expires = Date.now() + file.redirect.validMs;
    const location = `${storageUrl}${url.pathname}?expires=${expires}`;
    return void response.writeHead(file.redirect.status, { ...cors, Location: location }).end();
  }
  if (origin === "storage" && Number(url.searchParams.get("expires") ?? Infinity) < Date.now()) {
    return void response.writeHead(403, cors).end("expired");
  }
  void send(request, response, hosted, cors);
}

async function send(
  request: IncomingMessage,
  response: ServerResponse,
  hosted: Hosted,
  cors: Readonly<Record<string, string>>,
): Promise<void> {
  const { file, cuts, holds } = hosted;
  const content = contentBytes(file.content);
  const total = content.byteLength;
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "");
  const ifRange = request.headers["if-range"];
  const honoured = range && file.ranges !== false && (ifRange === undefined || ifRange === file.etag);
  const start = honoured ? Number(range[1]) : 0;
  if (honoured && (file.ranges === 416 || start >= total)) {
    response.writeHead(416, { ...cors, "Content-Range": `bytes */${total}` }).end();
    return;
  }
  const end = honoured && range[2] !== "" ? Math.min(total, Number(range[2]) + 1) : total;
  response.writeHead(honoured ? 206 : 200, {
    ...cors,
    "Content-Type": file.type ?? "application/octet-stream",
    ...(file.noLength !== true && { "Content-Length": end - start }),
    ...(honoured && { "Content-Range": `bytes ${start}-${end - 1}/${total}` }),
    ...(file.etag !== undefined && { ETag: file.etag }),
    ...(file.disposition !== undefined && { "Content-Disposition": file.disposition }),
  });
  for (let offset = start; offset < end;) {
    // Looked up anew each time: another connection for the same file may have met one.
    const next = (offsets: readonly number[]): number | undefined =>
      offsets.find((place) => place > offset && place < end);
    const [cut, hold] = [next(cuts), next(holds)];
    const stop = Math.min(offset + CHUNK, end, cut ?? end, hold ?? end, file.stallAt ?? end);
    if (stop > offset && !(await write(response, content.read(offset, stop)))) return;
    offset = stop;
    if (offset === cut) {
      cuts.splice(cuts.indexOf(cut), 1);
      // What was written must leave before the connection breaks, or every cut would be at the same place.
      await pause(5);
      response.destroy();
      return;
    }
    if (offset === hold) {
      holds.splice(holds.indexOf(hold), 1);
      return;
    }
    if (offset === file.stallAt) return;
    if (file.bytesPerSecond !== undefined) await pause((1000 * CHUNK) / file.bytesPerSecond);
  }
  response.end();
}

const ascending = (a: number, b: number): number => a - b;

function corsHeaders(file: HostedFile): Readonly<Record<string, string>> {
  if (file.cors === "none") return {};
  const open = { "Access-Control-Allow-Origin": "*" };
  return file.cors === "exposed" ? { ...open, "Access-Control-Expose-Headers": EXPOSED } : open;
}

function write(response: ServerResponse, bytes: Uint8Array): Promise<boolean> {
  return new Promise((resolve) => {
    if (response.destroyed) return resolve(false);
    response.write(bytes, (error) => resolve(!error));
  });
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function logged(request: IncomingMessage, url: URL, origin: "main" | "storage"): LoggedRequest {
  const { range, authorization, cookie } = request.headers;
  const ifRange = request.headers["if-range"];
  return {
    method: request.method ?? "GET",
    path: url.pathname + url.search,
    ...(range !== undefined && { range }),
    ...(typeof ifRange === "string" && { ifRange }),
    ...(authorization !== undefined && { authorization }),
    ...(cookie !== undefined && { cookie }),
    origin,
  };
}

/** PUT a file: `{path, file}`, or the tiny repository: `{repository: name}`, with changes. GET: a HostReport. DELETE: forget files and requests. POST content: its SHA-256. */
async function control(
  request: IncomingMessage,
  response: ServerResponse,
  host: Pick<ModelHost, "put" | "putRepository" | "requests"> & {
    readonly files: Map<string, Hosted>;
    forget(): void;
  },
): Promise<void> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  const body = parts.length > 0 ? (JSON.parse(Buffer.concat(parts).toString()) as unknown) : undefined;
  let result: unknown = null;
  if (request.method === "PUT") {
    const { path, file, repository, ...changes } = body as Ordered;
    if (repository !== undefined) host.putRepository({ ...(await familyRepository(repository)), ...changes });
    else host.put(path, file);
  } else if (request.method === "POST") result = contentSha256(body as Content);
  else if (request.method === "GET") {
    const faultsLeft = [...host.files.values()].reduce(
      (sum, { cuts, holds }) => sum + cuts.length + holds.length,
      0,
    );
    result = { requests: host.requests, faultsLeft } satisfies HostReport;
  } else if (request.method === "DELETE") {
    host.forget();
  }
  response.writeHead(200, { ...CONTROL_HEADERS, "Content-Type": "application/json" });
  response.end(JSON.stringify(result));
}

interface Ordered extends Partial<Pick<HubRepository, "token" | "refusal">> {
  readonly path: string;
  readonly file: HostedFile;
  readonly repository?: string;
}

export function contentSha256(content: Content): { readonly sha256: string; readonly bytes: number } {
  const bytes = contentBytes(content);
  const hash = createHash("sha256");
  for (let start = 0; start < bytes.byteLength; start += CHUNK) {
    hash.update(bytes.read(start, Math.min(start + CHUNK, bytes.byteLength)));
  }
  return { sha256: hash.digest("hex"), bytes: bytes.byteLength };
}

async function listen(
  handler: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<{ readonly url: string; close(): Promise<void> }> {
  const server: Server = createServer(handler);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
