// The Civitai client against the host of tests/support, over real HTTP. What a browser adds (CORS, preflights) is tested in
// tests/browser.

import "fake-indexeddb/auto";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { AnswerCache } from "../../../../src/library/civitai/answer-cache.ts";
import { CivitaiClient, type CivitaiClientOptions } from "../../../../src/library/civitai/civitai-client.ts";
import { type Clock } from "../../../../src/library/civitai/rate-limit.ts";
import { sha256OfVersion, startCivitaiHost } from "../../../support/civitai-host.ts";
import { GOOD_TOKEN, HOSTILE_MODEL, PRIVATE_MODEL } from "../../../support/civitai-host-names.ts";
import { civitaiSettings } from "../../../support/civitai-settings.ts";

let host: Awaited<ReturnType<typeof startCivitaiHost>>;
let slept: number[];
let databases = 0;

/** Time passes only while somebody sleeps, so that waiting for a minute takes none. */
function testClock(): Clock {
  let time = 0;
  return {
    now: () => time,
    sleep(ms) {
      slept.push(Math.round(ms));
      time += ms;
      return Promise.resolve();
    },
  };
}

function createClient(options: Partial<CivitaiClientOptions> & { token?: string } = {}): CivitaiClient {
  const { token, ...rest } = options;
  return new CivitaiClient({
    settings: civitaiSettings(host.origin, { token }),
    cache: new AnswerCache(`civitai-${++databases}`),
    clock: testClock(),
    random: () => 1,
    online: () => true,
    ...rest,
  });
}

const paths = (): string[] => host.control.seen.map(({ path }) => path);

beforeAll(async () => void (host = await startCivitaiHost()));
afterAll(() => host.close());
beforeEach(() => {
  slept = [];
  host.control.setCondition(undefined);
  host.control.seen.splice(0);
});

describe("searching", () => {
  test("pages follow the cursor to the end, without gaps or repeats", async () => {
    const client = createClient();
    const ids: number[] = [];
    let cursor: string | undefined;
    do {
      const { value } = await client.search({ limit: 20, nsfw: true, cursor });
      ids.push(...value.models.map(({ id }) => id));
      cursor = value.nextCursor;
    } while (cursor !== undefined);
    expect(ids).toHaveLength(44);
    expect(new Set(ids).size).toBe(44);
  });

  test("every filter reaches the service as documented", async () => {
    await createClient().search({
      text: " a & b=c ",
      tag: "even",
      types: ["LORA", "VAE"],
      baseModels: ["SD 1.5"],
      sort: "Newest",
      period: "Week",
      nsfw: true,
      limit: 5,
    });
    const { searchParams } = new URL(paths()[0], host.origin);
    expect([...searchParams]).toEqual([
      ["limit", "5"],
      ["query", "a & b=c"],
      ["tag", "even"],
      ["types", "LORA"],
      ["types", "VAE"],
      ["baseModels", "SD 1.5"],
      ["sort", "Newest"],
      ["period", "Week"],
      ["nsfw", "true"],
    ]);
  });

  test("a newer search ends one that still waits", async () => {
    const client = createClient({ clock: { now: () => 0, sleep: (_ms, signal) => untilAborted(signal) } });
    for (const text of ["a", "b", "c"]) await client.search({ text });
    const waiting = client.search({ text: "d" });
    const failure = expect(waiting).rejects.toMatchObject({ name: "Interrupted" });
    const newest = client.search({ text: "e" }).catch(() => undefined);
    await failure;
    await client.dispose();
    await newest;
  });

  test("what the service does not know is refused before it is asked", async () => {
    await expect(createClient().search({ limit: 101 })).rejects.toMatchObject({ name: "InvalidRequest" });
    await expect(createClient().search({ sort: "Best" as "Newest" })).rejects.toMatchObject({
      name: "InvalidRequest",
    });
    expect(paths()).toEqual([]);
  });
});

describe("looking up", () => {
  test("a pasted page finds the model and the version it names", async () => {
    const client = createClient();
    const { value } = await client.resolve("https://civitai.com/models/5?modelVersionId=51");
    expect(value.model.name).toBe("Model 5");
    expect(value.version.id).toBe(51);
    expect((await client.resolve("https://civitai.com/models/5")).value.version.id).toBe(52);
    expect((await client.resolve("urn:air:sd1:lora:civitai:7@71")).value.version.id).toBe(71);
    await expect(client.resolve("https://example.com/models/5")).rejects.toMatchObject({
      name: "InvalidRequest",
    });
  });

  test("one hash of any kind; null when the service does not know it", async () => {
    const client = createClient();
    const sha256 = sha256OfVersion(31);
    expect((await client.versionByHash(sha256)).value?.id).toBe(31);
    expect((await client.versionByHash(sha256.slice(0, 10))).value?.id).toBe(31);
    expect((await client.versionByHash("0".repeat(64))).value).toBeNull();
    await expect(client.versionByHash("../../me")).rejects.toMatchObject({ name: "InvalidRequest" });
  });

  test("batches of more than a hundred are split, and answers matched to digests by their files", async () => {
    const client = createClient();
    const known = [11, 12, 21, 351].map(sha256OfVersion);
    const unknown = Array.from({ length: 120 }, (_, i) => i.toString(16).padStart(64, "0"));
    const { value } = await client.versionsByHash([...unknown, ...known]);
    expect(Object.keys(value).sort()).toEqual([...known].sort());
    expect(value[known[3]]).toMatchObject({ id: 351, modelId: 35 });
    expect(value[known[3]].files[0].downloadUrl).not.toContain("undefined");
    expect(paths()).toHaveLength(2);
    const { value: ids } = await client.idsByHash([...unknown, ...known]);
    expect(ids[known[0]]).toEqual({ modelId: 1, versionId: 11 });
    expect(Object.keys(ids)).toHaveLength(4);
  });

  test("pictures come in pages, videos marked", async () => {
    const client = createClient();
    const first = await client.images({ modelVersionId: 11, limit: 4, nsfw: true });
    const second = await client.images({ modelVersionId: 11, limit: 4, cursor: first.value.nextCursor });
    expect(first.value.images.map(({ type }) => type)).toEqual(["image", "image", "image", "video"]);
    expect(second.value.images).toHaveLength(3);
    expect(second.value.nextCursor).toBeUndefined();
  });

  test("hostile texts arrive as text, unchanged, for the page to show as text", async () => {
    const { value } = await createClient().model(HOSTILE_MODEL);
    expect(value.name).toBe(`<script>alert("name")</script>`);
  });
});

describe("the cache", () => {
  test("a young answer is not asked for again, and two callers share one request", async () => {
    const client = createClient();
    const [first, second] = await Promise.all([client.model(3), client.model(3)]);
    const third = await client.model(3);
    expect(paths()).toHaveLength(1);
    expect(second).toEqual(first);
    expect(third.fetchedAt).toBe(first.fetchedAt);
  });

  test.each([
    ["the service has trouble", { status: 503 }],
    ["the country is blocked", { status: 451 }],
    ["the connection ends", { cut: true }],
    ["the answer is not JSON", { body: "<html>maintenance</html>" }],
    ["the answer is something else", { body: `{"id":"five"}` }],
  ])("when %s, the last good answer is served and marked", async (_name, condition) => {
    const client = createClient();
    const good = await client.versionByHash(sha256OfVersion(41), true);
    host.control.setCondition(condition);
    const stale = await client.versionByHash(sha256OfVersion(41), true);
    expect(stale.stale).toBe(true);
    expect(stale.value).toEqual(good.value);
    expect(stale.fetchedAt).toBe(good.fetchedAt);
    expect(stale.failure?.message).toMatch(/\.$/);
  });

  test("without a last answer the failure is told", async () => {
    host.control.setCondition({ body: `{"id":"five"}` });
    await expect(createClient().model(6)).rejects.toMatchObject({
      name: "FileFormat",
      details: { where: `${new URL(host.origin).host}/api/v1/models/6 id`, got: '"five"' },
    });
  });
});

describe("limits", () => {
  test("without a key ten a minute, the rest waits", async () => {
    const client = createClient();
    for (let id = 1; id <= 12; id++) await client.version(id * 10 + 1);
    expect(slept.reduce((a, b) => a + b, 0)).toBeGreaterThanOrEqual(60_000);
    expect(paths().some((path) => path.includes("token"))).toBe(false);
  });

  test("429 is waited out: longer each time, and as long as the service asks where it can be read", async () => {
    host.control.setCondition({ status: 429, times: 2 });
    await createClient().model(1);
    expect(slept).toEqual([2000, 4000]);
    slept = [];
    host.control.setCondition({ status: 429, retryAfter: 17, times: 1 });
    await createClient().model(1);
    expect(slept).toEqual([17_000]);
  });

  test("it gives up after four attempts with a sentence", async () => {
    host.control.setCondition({ status: 503 });
    await expect(createClient().model(1)).rejects.toMatchObject({
      name: "Network",
      details: { reason: "server" },
    });
    expect(paths()).toHaveLength(4);
  });

  test("what asking again cannot help is asked once", async () => {
    host.control.setCondition({ status: 451 });
    await expect(createClient().model(1)).rejects.toMatchObject({ details: { reason: "region" } });
    expect(paths()).toHaveLength(1);
  });
});

describe("the key", () => {
  test("is used only after the service wanted one, and never stands in errors or the cache", async () => {
    const cache = new AnswerCache("civitai-key");
    const client = createClient({ token: GOOD_TOKEN, cache });
    await client.model(1);
    await client.model(PRIVATE_MODEL);
    expect(paths()).toEqual([
      "/api/v1/models/1",
      `/api/v1/models/${PRIVATE_MODEL}`,
      `/api/v1/models/${PRIVATE_MODEL}?token=${GOOD_TOKEN}`,
    ]);
    host.control.setCondition({ status: 401 });
    const error: unknown = await client.model(2).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ details: { reason: "denied" } });
    const shown = JSON.stringify([error, (error as Error).message, (error as Error).stack]);
    expect(shown).not.toContain(GOOD_TOKEN);
    expect(JSON.stringify(await everythingIn("civitai-key"))).not.toContain(GOOD_TOKEN);
  });

  test("lifts the limit once the ten without it are used up", async () => {
    const client = createClient({ token: GOOD_TOKEN });
    for (let id = 1; id <= 30; id++) await client.version(id * 10 + 1);
    const keyed = paths().filter((path) => path.endsWith(`?token=${GOOD_TOKEN}`));
    expect(keyed.length).toBeGreaterThanOrEqual(20);
    expect(slept.reduce((a, b) => a + b, 0)).toBeLessThan(60_000);
  });

  test("no header carries it, and no GET carries headers of ours", async () => {
    const client = createClient({ token: GOOD_TOKEN });
    await client.model(PRIVATE_MODEL);
    for (const { headers } of host.control.seen) {
      expect(JSON.stringify(headers)).not.toContain(GOOD_TOKEN);
      expect(headers).not.toHaveProperty("authorization");
      expect(headers).not.toHaveProperty("content-type");
    }
  });
});

function untilAborted(signal?: AbortSignal): Promise<void> {
  return new Promise((_resolve, reject) => {
    signal?.addEventListener("abort", () => reject(signal.reason as Error));
  });
}

async function everythingIn(name: string): Promise<unknown[]> {
  const database = await new Promise<IDBDatabase>((resolve, reject) => {
    const open = indexedDB.open(name);
    open.onsuccess = () => resolve(open.result);
    open.onerror = () => reject(open.error!);
  });
  return await new Promise((resolve) => {
    const all = database.transaction("answers").objectStore("answers").getAll();
    all.onsuccess = () => resolve(all.result as unknown[]);
  });
}
