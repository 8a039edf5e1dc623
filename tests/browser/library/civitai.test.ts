// The Civitai client in a real browser against a host on another origin: what CORS and preflights allow, and how a refusal
// that the browser hides is explained.

import { deleteDB } from "idb";
import { beforeEach, describe, expect, inject, test } from "vitest";
import { CivitaiClient } from "../../../src/library/civitai/civitai-client.ts";
import { openPreviews, reEncode } from "../../../src/library/metadata/previews.ts";
import { GOOD_TOKEN, PRIVATE_MODEL } from "../../support/civitai-host-names.ts";
import { civitaiSettings } from "../../support/civitai-settings.ts";
import { PNG_PIXEL, SVG_PICTURE } from "../../support/test-pictures.ts";

const origin = inject("civitaiOrigin");
const fast = { perMinute: 10_000, spacingMs: 1, burst: 100 };

function createClient(token?: string): CivitaiClient {
  return new CivitaiClient({
    settings: civitaiSettings(origin, { token }),
    limits: { anonymous: fast, keyed: fast },
    clock: { now: () => performance.now(), sleep: () => Promise.resolve() },
  });
}

interface Seen {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** What the host saw since the last change of its condition. */
async function seen(): Promise<readonly Seen[]> {
  return (await (await fetch(`${origin}/control`)).json()) as Seen[];
}

async function setCondition(condition: unknown): Promise<void> {
  await fetch(`${origin}/control`, { method: "POST", body: JSON.stringify(condition) });
}

beforeEach(async () => {
  await deleteDB("kiln-civitai");
  await setCondition(null);
});

describe("questions across origins", () => {
  test("every kind is answered: none needs a preflight that the service refuses", async () => {
    const client = createClient();
    expect((await client.search({ text: "model", limit: 3 })).value.models).toHaveLength(3);
    expect((await client.model(3)).value.name).toBe("Model 3");
    expect((await client.version(31)).value.modelId).toBe(3);
    const sha256 = (await client.version(31)).value.files[0].hashes.SHA256;
    expect((await client.versionByHash(sha256)).value?.id).toBe(31);
    expect(Object.keys((await client.versionsByHash([sha256])).value)).toEqual([sha256]);
    expect((await client.idsByHash([sha256])).value[sha256]).toEqual({ modelId: 3, versionId: 31 });
    expect((await client.images({ modelId: 3, limit: 2 })).value.images).toHaveLength(2);
    const asked = await seen();
    const preflights = asked.filter(({ method }) => method === "OPTIONS").map(({ path }) => path);
    expect(preflights.every((path) => path.startsWith("/api/v1/model-versions/by-hash"))).toBe(true);
    expect(asked.some(({ headers }) => "referer" in headers || "authorization" in headers)).toBe(false);
  });

  test("the host behaves as documented: a header of ours on a mixed endpoint fails", async () => {
    const headers = { Authorization: "Bearer x" };
    await expect(fetch(`${origin}/api/v1/models?limit=1`, { headers })).rejects.toThrow(TypeError);
  });

  test("a key goes along as ?token= where it is wanted, and stays out of the cache", async () => {
    const client = createClient(GOOD_TOKEN);
    expect((await client.model(PRIVATE_MODEL)).value.id).toBe(PRIVATE_MODEL);
    const asked = (await seen()).map(({ path }) => path);
    expect(asked).toEqual([
      `/api/v1/models/${PRIVATE_MODEL}`,
      `/api/v1/models/${PRIVATE_MODEL}?token=${GOOD_TOKEN}`,
    ]);
    await client.dispose();
    expect(JSON.stringify(await cachedAnswers())).not.toContain(GOOD_TOKEN);
  });
});

describe("refusals that the browser hides", () => {
  test("a region block without CORS headers is told apart from a lost connection", async () => {
    await setCondition({ status: 451, cors: false });
    await expect(createClient().model(1)).rejects.toMatchObject({
      name: "Network",
      details: { reason: "unreadable" },
    });
    const nobody = new CivitaiClient({
      settings: civitaiSettings("http://127.0.0.1:9"),
      limits: { anonymous: fast, keyed: fast },
      clock: { now: () => performance.now(), sleep: () => Promise.resolve() },
    });
    await expect(nobody.model(1)).rejects.toMatchObject({ details: { reason: "unreachable" } });
  });

  test("the last good answer is served meanwhile, with its age and the reason", async () => {
    const client = createClient();
    const sha256 = (await client.version(41)).value.files[0].hashes.SHA256;
    const good = await client.versionByHash(sha256);
    await setCondition({ status: 451, cors: false });
    const stale = await client.versionByHash(sha256, true);
    expect(stale).toMatchObject({ stale: true, fetchedAt: good.fetchedAt, value: { id: 41 } });
    expect(stale.failure?.details).toMatchObject({ reason: "unreadable" });
  });

  test("Retry-After is only known where the host exposes it; the wait is then as long as asked", async () => {
    const waits: number[] = [];
    const client = new CivitaiClient({
      settings: civitaiSettings(origin),
      limits: { anonymous: fast, keyed: fast },
      random: () => 1,
      clock: {
        now: () => performance.now(),
        sleep: (ms) => Promise.resolve(void waits.push(Math.round(ms / 1000))),
      },
    });
    await setCondition({ status: 429, retryAfter: 9, times: 1 });
    await client.model(1);
    await setCondition({ status: 429, retryAfter: 9, exposed: true, times: 1 });
    await client.model(2);
    expect(waits.filter((seconds) => seconds > 0)).toEqual(expect.arrayContaining([2, 9]));
  });
});

describe("previews", () => {
  test("are decoded, made small and encoded again; what followed the picture in its file is gone", async () => {
    const canvas = new OffscreenCanvas(2000, 1000);
    canvas.getContext("2d")!.fillRect(0, 0, 2000, 1000);
    const picture = await canvas.convertToBlob({ type: "image/png" });
    const withArchive = new Blob([picture, "PK\x03\x04 hidden archive <script>alert(1)</script>"]);
    const previews = await openPreviews();
    expect(await previews.put("ab".repeat(32), withArchive)).toBe(`.previews/${"ab".repeat(32)}.webp`);
    const kept = (await previews.get("ab".repeat(32)))!;
    expect(await kept.text()).not.toContain("script");
    const bitmap = await createImageBitmap(kept);
    expect([bitmap.width, bitmap.height]).toEqual([512, 256]);
    await previews.remove("ab".repeat(32));
    expect(await previews.get("ab".repeat(32))).toBeUndefined();
  });

  test.each([
    ["an SVG with a script", new Blob([SVG_PICTURE], { type: "image/svg+xml" })],
    ["an SVG that calls itself PNG", new Blob([SVG_PICTURE], { type: "image/png" })],
    ["a web page", new Blob(["<html><script>alert(1)</script>"], { type: "image/png" })],
    ["half a PNG header", new Blob([PNG_PIXEL.slice(0, 12)])],
    ["nothing", new Blob([])],
  ])("%s is refused", async (_name, blob) => {
    await expect(reEncode(blob, "test")).rejects.toMatchObject({ name: "FileFormat" });
  });

  test("an id never leaves the folder, and the oldest make room for the newest", async () => {
    const previews = await openPreviews(200);
    const picture = new Blob([PNG_PIXEL]);
    expect(await previews.put("../../evil", picture)).toBe(".previews/______evil.webp");
    for (const id of ["a", "b", "c", "d", "e", "f"]) await previews.put(id, picture);
    expect(await previews.get("../../evil")).toBeUndefined();
    expect((await previews.get("f"))?.size).toBeGreaterThan(0);
  });
});

async function cachedAnswers(): Promise<unknown[]> {
  const database = await new Promise<IDBDatabase>((resolve, reject) => {
    const open = indexedDB.open("kiln-civitai");
    open.onsuccess = () => resolve(open.result);
    open.onerror = () => reject(open.error ?? new Error("The database did not open."));
  });
  const all = database.transaction("answers").objectStore("answers").getAll();
  await new Promise((resolve) => (all.onsuccess = resolve));
  database.close();
  return all.result as unknown[];
}
