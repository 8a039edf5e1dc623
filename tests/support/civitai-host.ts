// A Civitai on this machine: a plain HTTP server with the documented shapes, paging, CORS wrappers and failures. Serves a
// small made-up catalogue; holds nothing of the real one.

import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import {
  GOOD_TOKEN,
  HOSTILE_MODEL,
  MODEL_COUNT,
  NAMED_MODEL,
  NAMED_VERSION,
  PRIVATE_MODEL,
} from "./civitai-host-names.ts";
import { PNG_PIXEL, SVG_PICTURE } from "./test-pictures.ts";

const VERSIONS_PER_MODEL = 2;

/** What the next requests meet, until `times` of them did. */
export interface HostCondition {
  readonly status?: number;
  /** Sent as Retry-After; readable by pages only when `exposed`. */
  readonly retryAfter?: number;
  readonly exposed?: boolean;
  /** False: the answer has no CORS headers, as with region blocks. */
  readonly cors?: boolean;
  readonly body?: string;
  /** Ends the connection instead of answering. */
  readonly cut?: boolean;
  readonly times?: number;
}

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

export interface CivitaiHostControl {
  setCondition(condition: HostCondition | undefined): void;
  readonly seen: SeenRequest[];
}

export function sha256OfVersion(versionId: number): string {
  return createHash("sha256").update(`version ${versionId}`).digest("hex");
}

/** Starts on a free port of this machine. Pages steer it through POST /control, tests in Node through the object. */
export async function startCivitaiHost(): Promise<{
  readonly origin: string;
  readonly control: CivitaiHostControl;
  close(): Promise<void>;
}> {
  const state: { condition?: HostCondition; left: number } = { left: 0 };
  const control: CivitaiHostControl = {
    seen: [],
    setCondition(condition) {
      state.condition = condition;
      state.left = condition?.times ?? Infinity;
    },
  };
  const server = createServer((request, response) => {
    void handle(request, response, control, () => {
      if (!state.condition || state.left <= 0) return undefined;
      state.left -= 1;
      return state.condition;
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return { origin: `http://127.0.0.1:${port}`, control, close: () => closeServer(server) };
}

function closeServer(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve, reject) => server.close((error) => (error ? reject(error) : resolve())));
}

/** The service's endpoint wrappers: what they answer to a preflight and when they add CORS headers. */
interface Wrapper {
  readonly methods: readonly string[];
  /** False: the method is checked first, so OPTIONS is refused without CORS headers. */
  readonly answersPreflight: boolean;
}
const PUBLIC_GET: Wrapper = { methods: ["GET"], answersPreflight: true };
const PUBLIC_POST: Wrapper = { methods: ["POST"], answersPreflight: true };
const MIXED: Wrapper = { methods: ["GET"], answersPreflight: false };

interface Call {
  readonly url: URL;
  readonly match: readonly string[];
  readonly body: unknown;
  readonly signedIn: boolean;
  readonly origin: string;
}
interface Answer {
  readonly status?: number;
  readonly json?: unknown;
  readonly bytes?: Uint8Array;
  readonly type?: string;
}
interface Route {
  readonly path: RegExp;
  readonly wrapper: Wrapper;
  readonly answer: (call: Call) => Answer;
}

const ROUTES: readonly Route[] = [
  { path: /^\/api\/v1\/models$/, wrapper: MIXED, answer: listModels },
  { path: /^\/api\/v1\/models\/(\d+)$/, wrapper: PUBLIC_GET, answer: oneModel },
  { path: /^\/api\/v1\/model-versions\/by-hash\/ids$/, wrapper: PUBLIC_POST, answer: idsByHash },
  { path: /^\/api\/v1\/model-versions\/by-hash\/(\w+)$/, wrapper: PUBLIC_GET, answer: versionByHash },
  { path: /^\/api\/v1\/model-versions\/by-hash$/, wrapper: PUBLIC_POST, answer: versionsByHash },
  { path: /^\/api\/v1\/model-versions\/(\d+)$/, wrapper: MIXED, answer: oneVersion },
  { path: /^\/api\/v1\/images$/, wrapper: PUBLIC_GET, answer: listImages },
  {
    path: /^\/pictures\/.*\.svg$/,
    wrapper: PUBLIC_GET,
    answer: () => ({ bytes: SVG_PICTURE, type: "image/svg+xml" }),
  },
  { path: /^\/pictures\/.*$/, wrapper: PUBLIC_GET, answer: () => ({ bytes: PNG_PIXEL, type: "image/png" }) },
];

const CORS = {
  "Access-Control-Allow-Origin": "*",
  "Access-Control-Allow-Headers": "*",
  "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
};

async function handle(
  request: IncomingMessage,
  response: ServerResponse,
  control: CivitaiHostControl,
  nextCondition: () => HostCondition | undefined,
): Promise<void> {
  const origin = `http://${request.headers.host}`;
  const url = new URL(request.url ?? "/", origin);
  const body = await readBody(request);
  if (url.pathname === "/control") return steer(request, response, body, control);

  control.seen.push({
    method: request.method ?? "",
    path: url.pathname + url.search,
    headers: request.headers,
  });
  const condition = request.method === "OPTIONS" ? undefined : nextCondition();
  if (condition?.cut) {
    response.destroy();
    return;
  }
  if (condition?.status !== undefined || condition?.body !== undefined) {
    const headers: Record<string, string> = condition.cors === false ? {} : { ...CORS };
    if (condition.retryAfter !== undefined) headers["Retry-After"] = String(condition.retryAfter);
    if (condition.exposed) headers["Access-Control-Expose-Headers"] = "Retry-After";
    send(response, condition.status ?? 200, condition.body ?? `{"error":"refused"}`, headers);
    return;
  }
  const route = ROUTES.find(({ path }) => path.test(url.pathname));
  if (!route) return send(response, 404, `{"error":"Not found"}`, {});
  const { wrapper } = route;
  if (request.method === "OPTIONS" && wrapper.answersPreflight) return send(response, 200, "", CORS);
  if (!wrapper.methods.includes(request.method ?? "")) {
    return send(response, 405, `{"error":"Method not allowed"}`, wrapper.answersPreflight ? CORS : {});
  }
  const answer = route.answer({
    url,
    match: route.path.exec(url.pathname) ?? [],
    body: body === "" ? undefined : JSON.parse(body),
    signedIn: url.searchParams.get("token") === GOOD_TOKEN,
    origin,
  });
  const content = answer.bytes ?? JSON.stringify(answer.json ?? { error: "Model not found" });
  const status = answer.status ?? (answer.json === undefined && !answer.bytes ? 404 : 200);
  send(response, status, content, { ...CORS, ...(answer.type ? { "Content-Type": answer.type } : {}) });
}

function send(
  response: ServerResponse,
  status: number,
  body: string | Uint8Array,
  headers: Readonly<Record<string, string>>,
): void {
  response.writeHead(status, { "Content-Type": "application/json", ...headers });
  response.end(body);
}

function steer(
  request: IncomingMessage,
  response: ServerResponse,
  body: string,
  control: CivitaiHostControl,
): void {
  if (request.method === "POST") {
    control.setCondition((JSON.parse(body) as HostCondition | null) ?? undefined);
    control.seen.splice(0);
  }
  send(response, 200, JSON.stringify(control.seen), CORS);
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

function listModels({ url, signedIn, origin }: Call): Answer {
  const parameters = url.searchParams;
  const limit = Number(parameters.get("limit") ?? 100);
  if (!(limit >= 0 && limit <= 100)) return { status: 400, json: { error: "limit" } };
  if (parameters.has("query") && parameters.has("page")) return { status: 400, json: { error: "page" } };
  const types = parameters.getAll("types");
  const bases = parameters.getAll("baseModels");
  const words = (parameters.get("query") ?? "").toLowerCase();
  const matching = allModels(origin)
    .filter((model) => signedIn || model.id !== PRIVATE_MODEL)
    .filter((model) => types.length === 0 || types.includes(model.type))
    .filter((model) => bases.length === 0 || bases.includes(model.modelVersions[0].baseModel))
    .filter((model) => !parameters.has("tag") || model.tags.includes(parameters.get("tag")!))
    .filter((model) => parameters.get("nsfw") === "true" || !model.nsfw)
    .filter((model) => model.name.toLowerCase().includes(words));
  if (parameters.get("sort") === "Newest") matching.reverse();
  // Opaque on purpose: whoever builds one instead of following the last answer gets nothing.
  const after = /^(\d+)\|c$/.exec(parameters.get("cursor") ?? "0|c");
  if (!after) return { status: 400, json: { error: "cursor" } };
  const start = Number(after[1]);
  const items = matching.slice(start, start + limit);
  const more = start + limit < matching.length;
  return {
    json: { items, metadata: { pageSize: limit, ...(more ? { nextCursor: `${start + limit}|c` } : {}) } },
  };
}

function oneModel({ match, signedIn, origin }: Call): Answer {
  const id = Number(match[1]);
  if (id === PRIVATE_MODEL && !signedIn) return { status: 401, json: { error: "Unauthorized" } };
  if (id === NAMED_MODEL) return { json: modelEntry(id, [NAMED_VERSION], origin) };
  return { json: allModels(origin).find((model) => model.id === id) };
}

function oneVersion({ match, origin }: Call): Answer {
  return { json: versionById(Number(match[1]), origin) };
}

function versionByHash({ match, origin }: Call): Answer {
  const hash = match[1].toUpperCase();
  const found = [...versionIds(), NAMED_VERSION].find((id) => Object.values(hashesOf(id)).includes(hash));
  return { json: found === undefined ? undefined : versionById(found, origin) };
}

function versionsByHash({ body }: Call): Answer {
  const digests = body as unknown[];
  const wrong = !Array.isArray(digests) || digests.length > 100;
  if (wrong || !digests.every((digest) => /^[0-9a-f]{64}$/i.test(String(digest)))) {
    return { status: 400, json: { error: "hashes" } };
  }
  const found = knownDigests(digests).map((id) => versionById(id, "https://undefined"));
  // The service may answer null for one, and list one twice when two of its files match.
  return { json: [null, ...found, ...found.slice(0, 1)] };
}

function idsByHash({ body }: Call): Answer {
  const digests = body as unknown[];
  if (!Array.isArray(digests) || digests.length > 10_000) return { status: 400, json: { error: "hashes" } };
  const rows = knownDigests(digests).map((id) => ({
    modelVersionId: id,
    modelId: modelOf(id),
    hash: sha256OfVersion(id).toUpperCase(),
  }));
  return { json: rows };
}

function listImages({ url, origin }: Call): Answer {
  const start = Number(url.searchParams.get("cursor") ?? 0);
  const limit = Number(url.searchParams.get("limit") ?? 100);
  const items = imagesOf(1, origin, 7).slice(start, start + limit);
  return {
    json: { items, metadata: { ...(start + limit < 7 ? { nextCursor: start + limit } : {}) } },
  };
}

const modelOf = (versionId: number): number =>
  versionId === NAMED_VERSION ? NAMED_MODEL : Math.floor(versionId / 10);

function knownDigests(digests: readonly unknown[]): number[] {
  const wanted = new Set(digests.map((digest) => String(digest).toLowerCase()));
  return [NAMED_VERSION, ...versionIds()].filter((id) => wanted.has(sha256OfVersion(id)));
}

function versionIds(): number[] {
  return Array.from({ length: MODEL_COUNT }, (_, i) => [(i + 1) * 10 + 1, (i + 1) * 10 + 2]).flat();
}

function hashesOf(versionId: number): Record<string, string> {
  const sha256 = sha256OfVersion(versionId).toUpperCase();
  const other = createHash("sha256").update(`other ${versionId}`).digest("hex").toUpperCase();
  return {
    AutoV1: other.slice(0, 8),
    AutoV2: sha256.slice(0, 10),
    AutoV3: other.slice(8, 20),
    SHA256: sha256,
    CRC32: other.slice(20, 28),
    BLAKE3: other,
  };
}

function imagesOf(versionId: number, origin: string, count: number): Record<string, unknown>[] {
  return Array.from({ length: count }, (_, i) => ({
    url: `${origin}/pictures/original=true/${versionId}-${i}.jpeg`,
    nsfwLevel: i === 0 ? 1 : 8,
    width: 64,
    height: 96,
    hash: "UCGHb$Io8^~BEKtRX-IA00wIKOEl=GM{iwxu",
    type: i === 3 ? "video" : "image",
  }));
}

function versionFields(
  versionId: number,
  origin: string,
): Record<string, unknown> & { baseModel: string; id: number } {
  const modelId = modelOf(versionId);
  const hostile = modelId === HOSTILE_MODEL;
  return {
    id: versionId,
    name: `v${versionId % 10}`,
    baseModel: modelId % 3 === 0 ? "SDXL 1.0" : "SD 1.5",
    description: hostile ? HOSTILE_HTML : "<p>What is <strong>new</strong>.</p>",
    trainedWords: hostile
      ? [`<img src=x onerror="alert(1)">`, "two"]
      : [`word${modelId}`, "second", " third "],
    nsfwLevel: 1,
    publishedAt: `2026-0${(versionId % 10) + 1}-01T00:00:00.000Z`,
    availability: "Public",
    stats: { downloadCount: versionId * 10, thumbsUpCount: 3 },
    inventedLater: { kept: true },
    files: [
      {
        id: versionId * 100,
        sizeKB: 2048.5,
        name: hostile ? `../../<script>alert(1)</script>.safetensors` : `model-${versionId}.safetensors`,
        type: "Model",
        metadata: { fp: "fp16", size: "pruned", format: "SafeTensor" },
        pickleScanResult: "Success",
        virusScanResult: "Success",
        hashes: hashesOf(versionId),
        primary: true,
        downloadUrl: `${origin}/api/download/models/${versionId}`,
      },
    ],
    images: imagesOf(versionId, origin, 2),
    downloadUrl: `${origin}/api/download/models/${versionId}`,
  };
}

function versionById(versionId: number, origin: string): unknown {
  const modelId = modelOf(versionId);
  const place = versionId % 10;
  const listed = modelId >= 1 && modelId <= MODEL_COUNT && place >= 1 && place <= VERSIONS_PER_MODEL;
  if (!listed && versionId !== NAMED_VERSION) return undefined;
  const { name, type } = modelFields(modelId);
  return { ...versionFields(versionId, origin), modelId, model: { name, type, nsfw: false, poi: false } };
}

const TYPES = ["Checkpoint", "LORA", "TextualInversion", "Controlnet", "Upscaler", "VAE", "Hypernetwork"];

function modelFields(id: number): { name: string; type: string } {
  const hostile = id === HOSTILE_MODEL;
  return {
    name: hostile ? `<script>alert("name")</script>` : `Model ${id}`,
    type: TYPES[id % TYPES.length],
  };
}

function allModels(origin: string) {
  return Array.from({ length: MODEL_COUNT }, (_, i) =>
    modelEntry(i + 1, [(i + 1) * 10 + 2, (i + 1) * 10 + 1], origin),
  );
}

function modelEntry(id: number, versions: readonly number[], origin: string) {
  return {
    id,
    ...modelFields(id),
    description: id === HOSTILE_MODEL ? HOSTILE_HTML : `<p>About model ${id}.</p>`,
    nsfw: id % 10 === 0,
    nsfwLevel: id % 10 === 0 ? 28 : 1,
    tags: id % 2 === 0 ? ["even"] : ["odd"],
    creator: { username: `maker${id % 5}`, image: null },
    stats: { downloadCount: 1000 - id, thumbsUpCount: id },
    allowNoCredit: true,
    allowCommercialUse: id % 2 === 0 ? ["Image", "Rent"] : "{Image,Rent}",
    allowDerivatives: true,
    allowDifferentLicense: false,
    modelVersions: versions.map((version) => versionFields(version, origin)),
  };
}

const HOSTILE_HTML = `<p onclick="alert(1)">text</p><script>alert(1)</script><img src=x onerror=alert(1)>`;
