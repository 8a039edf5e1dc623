// Models of several files from a host that answers as the Hugging Face Hub does, over real HTTP: one download, every file
// proven, nothing fetched twice. Disk and recognition are memory here; tests/browser has the real ones.

import "fake-indexeddb/auto";
import { createHash } from "node:crypto";
import { IDBFactory } from "fake-indexeddb";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type LibraryDatabase, openLibraryDatabase } from "../../../../src/library/library-database.ts";
import { type Download, DEFAULT_HOSTS } from "../../../../src/protocol/downloads-api.ts";
import { DownloadBench, recordOf } from "../../../support/download-bench.ts";
import { type HubFile, type HubRepository, sha256Of } from "../../../support/hub-host.ts";
import { largeFilePath } from "../../../support/hub-paths.ts";
import { contentBytes, type Content } from "../../../support/model-host-content.ts";
import { type ModelHost, startModelHost } from "../../../support/model-host.ts";

const KILOBYTE = 1024;
const NAME = "owner/tiny-model";
const COMMIT = "c0ffee00".repeat(5);
const INDEX = "unet/diffusion_pytorch_model.safetensors.index.json";
const SHARD_1 = "unet/diffusion_pytorch_model-00001-of-00002.safetensors";
const SHARD_2 = "unet/diffusion_pytorch_model-00002-of-00002.safetensors";

const noise = (seed: number, bytes = 300 * KILOBYTE): Content => ({ kind: "noise", bytes, seed });
const text = (path: string): HubFile => ({
  path,
  content: { kind: "text", text: `{"of": "${path}"}`.repeat(40) },
});

const FILES: readonly HubFile[] = [
  { path: "README.md", content: { kind: "text", text: "hello" } },
  text("model_index.json"),
  text("scheduler/scheduler_config.json"),
  { path: "safety_checker/model.safetensors", content: noise(99), large: true },
  text("tokenizer/vocab.json"),
  text("tokenizer/merges.txt"),
  text(INDEX),
  { path: SHARD_1, content: noise(1), large: true },
  { path: SHARD_2, content: noise(2), large: true },
  { path: "unet/diffusion_pytorch_model.fp16.safetensors", content: noise(3, 100 * KILOBYTE), large: true },
  { path: "vae/diffusion_pytorch_model.safetensors", content: noise(4), large: true },
];
const WHOLE = ["model_index.json", INDEX, SHARD_1, SHARD_2, "vae/diffusion_pytorch_model.safetensors"];
const ORDER = [...WHOLE, "scheduler/scheduler_config.json", "tokenizer/vocab.json", "tokenizer/merges.txt"];

let host: ModelHost;
let database: LibraryDatabase;
let bench: DownloadBench;

beforeEach(async () => {
  globalThis.indexedDB = new IDBFactory();
  host = await startModelHost();
  database = await openLibraryDatabase();
  bench = new DownloadBench(database, { stallMs: 500 });
  await bench.queue.configure({ hosts: { ...DEFAULT_HOSTS, huggingface: host.url } });
});

afterEach(async () => {
  await bench.queue.dispose();
  database.close();
  await host.close();
});

function publish(change: Partial<HubRepository> = {}): void {
  host.putRepository({
    name: NAME,
    commit: COMMIT,
    license: "openrail++",
    files: FILES,
    pageSize: 4,
    ...change,
  });
}

function contentOf(path: string): Content {
  return FILES.find((file) => file.path === path)!.content;
}

function bytesOf(content: Content): Uint8Array {
  const bytes = contentBytes(content);
  return bytes.read(0, bytes.byteLength);
}

const storagePath = (path: string): string => largeFilePath(sha256Of(contentOf(path)));

/** How often each file's bytes were asked for. */
function asked(path: string): number {
  const wanted = FILES.find((file) => file.path === path)?.large
    ? storagePath(path)
    : `/resolve/${COMMIT}/${path}`;
  return host.requests.filter((request) => request.path.includes(wanted)).length;
}

async function addStandardForm(): Promise<Download> {
  const { folders = [], title } = await bench.queue.inspect(NAME);
  const { address, files, name } = folders.find(({ variant }) => variant === "")!;
  return await bench.queue.add({ address, files, title, fileName: name });
}

function expectWhole(): void {
  const whole = Buffer.concat(ORDER.map((path) => bytesOf(contentOf(path))));
  expect(Buffer.from(bench.stored.get("tiny-model") ?? []).equals(whole)).toBe(true);
}

describe("an address of a folder", () => {
  test("is listed through all pages as the forms it comes in, with its licence", async () => {
    publish();
    const contents = await bench.queue.inspect(`${host.url}/${NAME}`);
    expect(contents).toMatchObject({ title: NAME, license: "openrail++", files: [] });
    const [standard, half] = contents.folders!;
    expect([standard.variant, standard.primary, half.variant, half.primary]).toEqual([
      "",
      true,
      "fp16",
      false,
    ]);
    expect(standard.files.map(({ path }) => path)).toEqual(ORDER);
    expect(standard.files[2]).toMatchObject({ bytes: 300 * KILOBYTE, sha256: sha256Of(contentOf(SHARD_1)) });
    expect(standard.files[0].gitHash).toMatch(/^[0-9a-f]{40}$/);
    // A branch may move while files arrive; a commit cannot.
    expect(standard.files.every(({ address }) => address.includes(`/resolve/${COMMIT}/`))).toBe(true);
    expect(half.files.map(({ path }) => path)).toContain("unet/diffusion_pytorch_model.fp16.safetensors");
  });

  test("can be that of a subfolder or a revision", async () => {
    const nested = FILES.map((file) => ({ ...file, path: `models/one/${file.path}` }));
    publish({ files: [...nested, text("other/model_index.json")] });
    for (const address of [`${NAME}@${COMMIT}`, `${host.url}/${NAME}/tree/${COMMIT}/models`]) {
      const { folders } = await bench.queue.inspect(address);
      expect(folders!.map(({ name }) => name)).toEqual(["one", "one"]);
      expect(folders![0].files[0]).toMatchObject({ path: "model_index.json" });
    }
  });

  test("says what to do when the repository is not for everybody", async () => {
    for (const refusal of [401, 403] as const) {
      publish({ token: "hf_right", refusal });
      await expect(bench.queue.inspect(NAME)).rejects.toMatchObject({ name: "AccessDenied" });
      await expect(bench.queue.inspect(NAME)).rejects.toThrow("accept its terms");
    }
  });
});

describe("a folder arrives", () => {
  test("as one download: each file once, in one piece, with the progress of all", async () => {
    publish();
    const { id, fileCount } = await bench.queue.add({ address: `${host.url}/${NAME}` });
    expect(fileCount).toBe(ORDER.length);
    const done = await bench.until(id, "done");
    expectWhole();
    const bytes = ORDER.reduce((sum, path) => sum + bytesOf(contentOf(path)).byteLength, 0);
    expect(done).toMatchObject({ title: "tiny-model", bytesDone: bytes, bytesTotal: bytes });
    expect(done.sha256).toBe(createHash("sha256").update(bench.stored.get("tiny-model")!).digest("hex"));
    expect(ORDER.map(asked)).toEqual(ORDER.map(() => 1));
    expect(asked("safety_checker/model.safetensors")).toBe(0);
    const totals = bench.events.flatMap((event) =>
      event.type === "progress" ? [event.progress.bytesTotal] : [],
    );
    expect(new Set(totals)).toEqual(new Set([bytes]));
  });

  test("with the token for the Hub alone, and no cookie for anybody", async () => {
    publish({ token: "hf_right" });
    await bench.queue.setToken("huggingface", "hf_right");
    const { id } = await bench.queue.add({ address: NAME });
    await bench.until(id, "done");
    const storage = host.requests.filter(({ origin }) => origin === "storage");
    expect(storage.length).toBeGreaterThan(0);
    expect(
      storage.every(({ authorization, path }) => authorization === undefined && !path.includes("hf_")),
    ).toBe(true);
    expect(host.requests.every(({ cookie }) => cookie === undefined)).toBe(true);
  });

  test("in both forms, which are two downloads; the same form again is the same one", async () => {
    publish();
    const { folders = [] } = await bench.queue.inspect(NAME);
    const add = (i: number): Promise<Download> =>
      bench.queue.add({ address: folders[i].address, files: folders[i].files, fileName: `form-${i}` });
    const [first, second, again] = [await add(0), await add(1), await add(0)];
    expect([first.id === second.id, first.id === again.id]).toEqual([false, true]);
    await Promise.all([bench.until(first.id, "done"), bench.until(second.id, "done")]);
    expect([...bench.stored.keys()].sort()).toEqual(["form-0", "form-1"]);
  });
});

describe("what has arrived is not fetched again", () => {
  test("when the same folder is asked for once more and its model is still there", async () => {
    await bench.queue.dispose();
    const models = new Set<string>();
    bench = new DownloadBench(database, {
      stallMs: 500,
      findModel: (sha256) => Promise.resolve(models.has(sha256) ? recordOf("kept", 1, sha256) : undefined),
    });
    publish();
    const first = await bench.until((await addStandardForm()).id, "done");
    models.add(first.sha256!);
    expect(await addStandardForm()).toMatchObject({ state: "done", modelId: first.sha256 });
    expect(asked(SHARD_1)).toBe(1);
    models.clear();
    const again = await bench.until((await addStandardForm()).id, "done");
    expect([again.sha256, asked(SHARD_1)]).toEqual([first.sha256, 2]);
  });

  test("when the connection breaks in the middle of the second shard and the page is closed", async () => {
    publish();
    host.put(storagePath(SHARD_2), { content: contentOf(SHARD_2), cors: "exposed", stallAt: 150 * KILOBYTE });
    const { id } = await addStandardForm();
    await bench.until(id, "waiting");
    expect((await bench.state(id))!.bytesDone).toBeGreaterThan(400 * KILOBYTE);
    await bench.queue.pause(id);
    await bench.reopen();
    expect((await bench.state(id))!.state).toBe("paused");
    host.put(storagePath(SHARD_2), { content: contentOf(SHARD_2), cors: "exposed" });
    await bench.queue.resume(id);
    await bench.until(id, "done");
    expectWhole();
    expect([asked("model_index.json"), asked(SHARD_1)]).toEqual([1, 1]);
    const continued = host.requests.filter(({ path }) => path.includes(storagePath(SHARD_2)));
    expect(continued.at(-1)!.range).toMatch(/^bytes=1\d{5}-$/);
  });

  test("when one shard is not what was promised: it stays apart, and only it is asked for again", async () => {
    publish();
    const wrong: Content = { kind: "noise", bytes: 300 * KILOBYTE, seed: 77 };
    host.put(storagePath(SHARD_2), { content: wrong, cors: "exposed" });
    const { id } = await addStandardForm();
    const apart = await bench.until(id, "quarantined");
    expect(apart.error).toMatchObject({ name: "HashMismatch" });
    expect(apart.error!.message).toContain(SHARD_2);
    expect(bench.stored.size).toBe(0);
    host.put(storagePath(SHARD_2), { content: contentOf(SHARD_2), cors: "exposed" });
    await bench.queue.retry(id);
    await bench.until(id, "done");
    expectWhole();
    expect([asked(SHARD_1), asked(SHARD_2)]).toEqual([1, 2]);
  });

  test("when a small file, proven by Git's hash, is wrong", async () => {
    const files = FILES.map((file) =>
      file.path === "tokenizer/merges.txt" ? { ...file, sent: text("tokenizer/merges.tzt").content } : file,
    );
    publish({ files });
    const { id } = await addStandardForm();
    expect((await bench.until(id, "quarantined")).error!.message).toContain("tokenizer/merges.txt");
    publish();
    await bench.queue.retry(id);
    await bench.until(id, "done");
    expectWhole();
    expect([asked(SHARD_1), asked(SHARD_2)]).toEqual([1, 1]);
  });

  test("but what was damaged while the app was closed is, from there on", async () => {
    publish();
    host.put(storagePath(SHARD_2), { content: contentOf(SHARD_2), cors: "exposed", stallAt: 150 * KILOBYTE });
    const { id } = await addStandardForm();
    await bench.until(id, "waiting");
    await bench.queue.pause(id);
    await bench.queue.dispose();
    bench.parts.parts.get(id)![20 * KILOBYTE] ^= 1;
    await bench.reopen();
    host.put(storagePath(SHARD_2), { content: contentOf(SHARD_2), cors: "exposed" });
    await bench.queue.resume(id);
    await bench.until(id, "done");
    expectWhole();
    expect([asked("model_index.json"), asked(SHARD_1)]).toEqual([1, 2]);
  });
});

describe("a list of files from elsewhere", () => {
  const A = noise(11);
  const file = (path: string, address: string, more: object = {}) => ({
    ...{ path, address, bytes: 300 * KILOBYTE, sha256: sha256Of(A), ...more },
  });

  test("tries the addresses of each file in order, and remembers which host failed", async () => {
    const mirror = `http://127.0.0.1:${new URL(host.url).port}`;
    for (const name of ["a", "b"]) host.put(`/files/${name}`, { content: A, cors: "exposed" });
    const goneAt = (name: string): string => `${host.storageUrl}/gone/${name}`;
    const files = ["a", "b"].map((name) =>
      file(`unet/${name}`, goneAt(name), { alternatives: [`${mirror}/files/${name}`] }),
    );
    const { id } = await bench.queue.add({ address: goneAt(""), files, title: "Two", fileName: "two" });
    await bench.until(id, "done");
    expect(bench.stored.get("two")!.byteLength).toBe(600 * KILOBYTE);
    const gone = (): number => host.requests.filter(({ path }) => path.startsWith("/gone/")).length;
    // The second file, and the next download, ask the host that failed last, so not at all.
    expect(gone()).toBe(1);
    const next = await bench.queue.add({
      address: goneAt("c"),
      alternatives: [`${mirror}/files/b`],
      sha256: sha256Of(A),
    });
    await bench.until(next.id, "done");
    expect(gone()).toBe(1);
  });

  test("fails with advice when the host does not let web apps read a file", async () => {
    const address = "https://github.com/owner/name/releases/download/v1/a.safetensors";
    const { id } = await bench.queue.add({ address, files: [file("unet/a", address)], fileName: "one" });
    const failed = await bench.until(id, "failed");
    expect(failed.error!.message).toContain("add the folder");
    const picked = new File(["x"], "a.safetensors");
    await expect(bench.queue.provideFile(id, picked)).rejects.toThrow("several files");
  });

  test.each([
    ["no files", []],
    ["a path that leads out", [file("../a", "https://x.example/a")]],
    ["a path from the root", [file("/a", "https://x.example/a")]],
    ["a path with a backslash", [file("a\\b", "https://x.example/a")]],
    ["a file twice", [file("a", "https://x.example/a"), file("a", "https://x.example/b")]],
    ["a file without a size", [file("a", "https://x.example/a", { bytes: NaN })]],
    ["an address that is none", [file("a", "javascript:alert(1)")]],
  ])("is refused with %s", async (_, files) => {
    const request = { address: "https://x.example/", files, fileName: "x" };
    await expect(bench.queue.add(request)).rejects.toMatchObject({ name: "InvalidRequest" });
    expect(await bench.queue.list()).toEqual([]);
  });
});
