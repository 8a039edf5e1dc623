// Downloads from a host that misbehaves in every documented way, over real HTTP. Disk and recognition are memory here;
// tests/browser has the real ones.

import "fake-indexeddb/auto";
import { IDBFactory } from "fake-indexeddb";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type LibraryDatabase, openLibraryDatabase } from "../../../../src/library/library-database.ts";
import { DownloadBench } from "../../../support/download-bench.ts";
import { contentBytes, type Content } from "../../../support/model-host-content.ts";
import {
  contentSha256,
  type HostedFile,
  type ModelHost,
  startModelHost,
} from "../../../support/model-host.ts";

const MEGABYTE = 1024 * 1024;
const NOISE: Content = { kind: "noise", bytes: 3 * MEGABYTE + 17, seed: 7 };
const PATH = "/files/model.safetensors";

let host: ModelHost;
let database: LibraryDatabase;
let bench: DownloadBench;

beforeEach(async () => {
  globalThis.indexedDB = new IDBFactory();
  host = await startModelHost();
  database = await openLibraryDatabase();
  bench = new DownloadBench(database, { stallMs: 300 });
});

afterEach(async () => {
  await bench.queue.dispose();
  database.close();
  await host.close();
});

function offer(fields: Partial<HostedFile> = {}, path = PATH): string {
  host.put(path, { content: NOISE, cors: "exposed", ...fields });
  return host.url + path;
}

function bytesOf(content: Content): Uint8Array {
  const bytes = contentBytes(content);
  return bytes.read(0, bytes.byteLength);
}

function expectWhole(fileName = "model.safetensors"): void {
  expect(Buffer.from(bench.stored.get(fileName) ?? []).equals(bytesOf(NOISE))).toBe(true);
}

describe("a file arrives whole", () => {
  test("with its name, size, hash and progress", async () => {
    const { sha256, bytes } = contentSha256(NOISE);
    const { id } = await bench.queue.add({ address: offer(), sha256, bytes });
    expect(await bench.until(id, "done")).toMatchObject({
      ...{ fileName: "model.safetensors", bytesDone: bytes, bytesTotal: bytes, modelId: sha256 },
    });
    expectWhole();
    expect(bench.parts.parts.size).toBe(0);
  });

  test.each<[string, Partial<HostedFile>]>([
    ["without a Content-Length", { noLength: true }],
    ["when the connection is cut", { cuts: [100_000, 1_000_000, 1_200_001] }],
    ["when it is cut and the host lists no headers", { cuts: [1_000_000], cors: "open" }],
    ["when it is cut and the host does no ranges", { cuts: [1_000_000], ranges: false }],
    ["when it is cut and the host refuses preflights", { cuts: [1_000_000], preflight: 405, etag: '"a"' }],
    ["when it is cut and the host refuses every range", { cuts: [1_000_000], ranges: 416 }],
    ["when it is cut and versioned", { cuts: [1_000_000], etag: '"a"' }],
    ["behind a redirect to another origin", { redirect: { status: 307, validMs: 5000 }, cuts: [500_000] }],
    ["after the host was busy", { refusals: [{ status: 503 }] }],
    ["when the connection stalls", { stallAt: 2_000_000 }],
  ])("%s", async (_, behaviour) => {
    const { id } = await bench.queue.add({ address: offer(behaviour) });
    if (behaviour.stallAt !== undefined) {
      await bench.until(id, "waiting");
      offer();
    }
    await bench.until(id, "done");
    expectWhole();
  });

  test("what has arrived is asked for only once when the host names versions", async () => {
    const { id } = await bench.queue.add({ address: offer({ cuts: [MEGABYTE], etag: '"v1"' }) });
    await bench.until(id, "done");
    const continued = host.requests.find(({ range }) => range !== undefined);
    expect(continued?.ifRange).toBe('"v1"');
    const start = Number(/\d+/.exec(continued?.range ?? "")?.[0]);
    expect(start).toBeGreaterThan(0);
    expect(start).toBeLessThanOrEqual(MEGABYTE);
  });

  test("under the name it was given, or else the one the host gives it", async () => {
    const disposition = 'attachment; filename="weights.bin"';
    const given = { fileName: "my-model.bin", named: true } as const;
    const first = await bench.queue.add({ address: offer({ disposition }), ...given });
    expect((await bench.until(first.id, "done")).fileName).toBe("my-model.bin");
    const second = await bench.queue.add({
      address: offer({ disposition }, "/files/other"),
      fileName: "x.bin",
    });
    expect((await bench.until(second.id, "done")).fileName).toBe("weights.bin");
  });

  test("no request is a HEAD", async () => {
    const { id } = await bench.queue.add({ address: offer() });
    await bench.until(id, "done");
    expect(host.requests.map(({ method }) => method)).toEqual(["GET"]);
  });
});

describe("a file that changes while it arrives", () => {
  const OTHER: Content = { ...NOISE, seed: 8 };

  test.each<[string, Partial<HostedFile>]>([
    ["is noticed by its version", { etag: '"v2"' }],
    ["is noticed by comparing bytes when the host tells no version", { cors: "open" }],
  ])("%s", async (_, second) => {
    const first = { etag: second.etag && '"v1"', cors: second.cors, stallAt: 2 * MEGABYTE };
    const { id } = await bench.queue.add({ address: offer(first) });
    await bench.until(id, "waiting");
    offer({ ...second, content: OTHER });
    await bench.until(id, "done");
    expect(Buffer.from(bench.stored.get("model.safetensors") ?? []).equals(bytesOf(OTHER))).toBe(true);
  });
});

describe("a wrong file", () => {
  test("is never stored, stays apart, and can be fetched again", async () => {
    const { sha256 } = contentSha256(NOISE);
    const { id } = await bench.queue.add({ address: offer({ content: { ...NOISE, seed: 9 } }), sha256 });
    const wrong = await bench.until(id, "quarantined");
    expect(wrong.error).toMatchObject({ name: "HashMismatch", details: { expected: sha256 } });
    expect(bench.stored.size).toBe(0);
    expect(bench.parts.parts.has(id)).toBe(true);
    offer();
    await bench.queue.retry(id);
    await bench.until(id, "done");
    expectWhole();
  });

  test("from one address does not stop the next", async () => {
    const { sha256 } = contentSha256(NOISE);
    const address = offer({ content: { ...NOISE, seed: 9 } }, "/files/wrong.bin");
    const { id } = await bench.queue.add({ address, alternatives: [offer()], sha256 });
    await bench.until(id, "done");
    expectWhole("wrong.bin");
  });

  test("that is removed leaves nothing", async () => {
    const { sha256 } = contentSha256(NOISE);
    const { id } = await bench.queue.add({ address: offer({ content: { ...NOISE, seed: 9 } }), sha256 });
    await bench.until(id, "quarantined");
    await bench.queue.cancel(id);
    expect([await bench.queue.list(), bench.parts.parts.size]).toEqual([[], 0]);
  });
});

describe("a refusal is a sentence that tells what to do", () => {
  test.each([
    [401, "AccessDenied", /sign in/],
    [403, "AccessDenied", /sign in/],
    [404, "FileNotFound", /Check the address/],
    [410, "FileNotFound", /another version/],
    [451, "AccessDenied", /your country/],
    [418, "Network", /status 418/],
  ])("%d", async (status, name, message) => {
    const { id } = await bench.queue.add({ address: offer({ refusals: [{ status }] }) });
    const { error } = await bench.until(id, "failed");
    expect(error).toMatchObject({ name, message: expect.stringMatching(message) as string });
  });

  test("429 waits as long as the host asks", async () => {
    const { id } = await bench.queue.add({
      address: offer({ refusals: [{ status: 429, retryAfter: "60" }] }),
    });
    const { retryAt = 0, error } = await bench.until(id, "waiting");
    expect(retryAt - Date.now()).toBeGreaterThan(50_000);
    expect(error?.message).toMatch(/60 s/);
    await bench.queue.retry(id);
    await bench.until(id, "done");
  });

  test("a web page instead of the file", async () => {
    const { id } = await bench.queue.add({ address: offer({ type: "text/html; charset=utf-8" }) });
    expect((await bench.until(id, "needs-file")).error?.message).toMatch(/web page/);
  });

  test("a file that does not fit, before anything is written", async () => {
    bench.freeBytes = MEGABYTE;
    const { id } = await bench.queue.add({ address: offer() });
    expect((await bench.until(id, "failed")).error).toMatchObject({
      name: "StorageFull",
      details: { need: 3 * MEGABYTE + 17, have: MEGABYTE },
    });
    expect(bench.parts.parts.get(id)?.byteLength).toBe(0);
  });

  test("a disk that fills up on the way keeps what arrived", async () => {
    bench.parts.capacity = MEGABYTE;
    const { id } = await bench.queue.add({ address: offer({ noLength: true }) });
    expect((await bench.until(id, "failed")).error).toMatchObject({ name: "StorageFull" });
    expect(bench.parts.parts.get(id)?.byteLength).toBeGreaterThan(0);
    bench.parts.capacity = Infinity;
    await bench.queue.retry(id);
    await bench.until(id, "done");
    expectWhole();
  });
});

describe("the queue", () => {
  test("pauses, survives a reload, and goes on where it was", async () => {
    const { id } = await bench.queue.add({ address: offer({ bytesPerSecond: 2 * MEGABYTE, etag: '"v1"' }) });
    await expect
      .poll(() =>
        bench.events.some((event) => event.type === "progress" && event.progress.bytesDone > 300_000),
      )
      .toBe(true);
    await bench.queue.pause(id);
    await expect.poll(() => bench.parts.busy.size).toBe(0);
    const kept = bench.parts.parts.get(id)?.byteLength ?? 0;
    expect(kept).toBeGreaterThan(300_000);
    await bench.reopen();
    expect(await bench.state(id)).toMatchObject({ state: "paused" });
    offer({ etag: '"v1"' });
    await bench.queue.resume(id);
    await bench.until(id, "done");
    expectWhole();
    expect(host.requests.at(-1)?.range).toBe(`bytes=${kept}-`);
  });

  test("goes on by itself after a reload in the middle", async () => {
    const { id } = await bench.queue.add({ address: offer({ bytesPerSecond: 2 * MEGABYTE }) });
    await expect.poll(async () => (await bench.state(id))?.state).toBe("running");
    await bench.reopen();
    offer();
    await bench.until(id, "done");
    expectWhole();
  });

  test("a part that was damaged while the app was closed is found out", async () => {
    const { sha256 } = contentSha256(NOISE);
    const { id } = await bench.queue.add({ address: offer({ stallAt: 2 * MEGABYTE }), sha256 });
    await bench.until(id, "waiting");
    await bench.queue.pause(id);
    await expect.poll(() => bench.parts.busy.size).toBe(0);
    bench.parts.parts.get(id)!.fill(0, 1000, 2000);
    offer();
    await bench.reopen();
    await bench.queue.resume(id);
    await bench.until(id, "done");
    expectWhole();
  });

  test("runs at most as many at once as set, in the order the user wants", async () => {
    await bench.queue.configure({ parallel: 1 });
    const slow = await bench.queue.add({ address: offer({ bytesPerSecond: 4 * MEGABYTE }, "/files/1.bin") });
    const second = await bench.queue.add({ address: offer({}, "/files/2.bin") });
    const third = await bench.queue.add({ address: offer({}, "/files/3.bin") });
    await bench.queue.move(third.id, 1);
    expect((await bench.queue.list()).map(({ id }) => id)).toEqual([slow.id, third.id, second.id]);
    await bench.until(second.id, "done");
    expect([...bench.stored.keys()]).toEqual(["1.bin", "3.bin", "2.bin"]);
    const busy = new Map<string, boolean>();
    for (const event of bench.events) {
      if (event.type !== "changed") continue;
      busy.set(event.download.id, ["running", "checking", "storing"].includes(event.download.state));
      expect([...busy.values()].filter(Boolean).length).toBeLessThanOrEqual(1);
    }
  });

  test("remembers which host failed, and asks it last", async () => {
    const bad = offer({ refusals: [{ status: 404 }, { status: 404 }] }, "/files/gone.bin");
    offer();
    const alternatives = [host.storageUrl + PATH];
    const first = await bench.queue.add({ address: bad, alternatives });
    await bench.until(first.id, "done");
    expect(Object.keys((await bench.journal.settings()).failedOrigins)).toEqual([host.url]);
    host.requests.length = 0;
    const second = await bench.queue.add({ address: bad, alternatives });
    await bench.until(second.id, "done");
    expect(host.requests.map(({ origin }) => origin)).toEqual(["storage"]);
  });

  test.each([false, true])("reports two to ten times a second (without a length: %s)", async (noLength) => {
    const { id } = await bench.queue.add({ address: offer({ bytesPerSecond: 2 * MEGABYTE, noLength }) });
    const started = performance.now();
    await bench.until(id, "done");
    const seconds = (performance.now() - started) / 1000;
    const reports = bench.events.flatMap((event) => (event.type === "progress" ? [event.progress] : []));
    expect(reports.length / seconds).toBeGreaterThan(1.5);
    expect(reports.length / seconds).toBeLessThan(10);
    const last = reports.at(-1)!;
    expect(last.bytesDone).toBeGreaterThan(MEGABYTE);
    expect(last.bytesPerSecond).toBeGreaterThan(0.5 * MEGABYTE);
    // What cannot be known is left out rather than guessed.
    expect([last.percent, last.secondsLeft].map((figure) => figure === undefined)).toEqual([
      noLength,
      noLength,
    ]);
  });

  test("the same file is one entry", async () => {
    const address = offer({ bytesPerSecond: MEGABYTE });
    const first = await bench.queue.add({ address });
    expect((await bench.queue.add({ address })).id).toBe(first.id);
    await bench.queue.cancel(first.id);
    await expect.poll(() => bench.parts.parts.size).toBe(0);
  });

  test("the user's own copy takes the place of what a host does not give", async () => {
    const { id } = await bench.queue.add({ address: offer({ type: "text/html" }) });
    await bench.until(id, "needs-file");
    await bench.queue.provideFile(id, new File([Buffer.from(bytesOf(NOISE))], "mine.safetensors"));
    expect(await bench.until(id, "done")).toMatchObject({ modelId: contentSha256(NOISE).sha256 });
  });
});

describe("secrets", () => {
  test("a token goes to its own host only, never into events, the list, the console or the storage host's log", async () => {
    const spies = (["log", "info", "warn", "error", "debug"] as const).map((name) => vi.spyOn(console, name));
    await bench.queue.configure({ hosts: { ...(await bench.queue.settings()).hosts, ownServer: host.url } });
    await bench.queue.setToken("own-server", "s3cret");
    const { id } = await bench.queue.add({
      address: offer({ token: "s3cret", redirect: { status: 302, validMs: 5000 } }),
    });
    await bench.until(id, "done");
    expect(
      JSON.stringify([bench.events, await bench.queue.list(), await bench.queue.settings()]),
    ).not.toContain("s3cret");
    expect(JSON.stringify(spies.map(({ mock }) => mock.calls))).not.toContain("s3cret");
    const storage = host.requests.filter(({ origin }) => origin === "storage");
    expect(storage.length).toBeGreaterThan(0);
    expect(JSON.stringify(storage)).not.toContain("s3cret");
  });

  // Slow enough that a second connection is tried, which takes the first one two seconds to decide.
  test.each([
    ["behind a redirect to another host, they carry no token", { status: 307, validMs: 60_000 } as const],
    ["at the host itself, they carry it", undefined],
  ])(
    "of further connections: %s",
    async (_, redirect) => {
      const content: Content = { kind: "noise", bytes: 24 * MEGABYTE, seed: 9 };
      const slow = { content, etag: '"1"', bytesPerSecond: 4 * MEGABYTE };
      await bench.queue.configure({
        hosts: { ...(await bench.queue.settings()).hosts, ownServer: host.url },
      });
      await bench.queue.setToken("own-server", "s3cret");
      const { id } = await bench.queue.add({
        address: offer({ ...slow, token: "s3cret", ...(redirect && { redirect }) }),
      });
      await bench.until(id, "done");
      const where = redirect ? "storage" : "main";
      const further = host.requests.filter(
        ({ range, method, origin }) => range !== undefined && method === "GET" && origin === where,
      );
      expect(further.length).toBeGreaterThan(0);
      for (const { authorization, path } of further) {
        expect(authorization).toBe(redirect ? undefined : "Bearer s3cret");
        expect(path).not.toContain("s3cret");
      }
    },
    60_000,
  );
});
