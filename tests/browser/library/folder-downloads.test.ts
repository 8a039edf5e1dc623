// A model of several files by the app's own worker into the real private file system, from a host that answers as the Hub.

import { deleteDB } from "idb";
import { afterEach, beforeEach, expect, inject, test } from "vitest";
import type { LibraryClient } from "../../../src/client/library-client.ts";
import {
  DEFAULT_HOSTS,
  type Download,
  type DownloadState,
  type SourceFolder,
} from "../../../src/protocol/downloads-api.ts";
import type { ModelRecord } from "../../../src/protocol/library-api.ts";
import { largeFilePath } from "../../support/hub-paths.ts";
import type { HostedFile } from "../../support/model-host.ts";
import { forgetHosted, hostFile, hostReport, hostRepository } from "../../support/model-host-control.ts";
import { downloadUntil, openWorkerLibrary } from "../../support/worker-library.ts";

const NAME = "owner/tiny-xl";
const SHARD_1 = "unet/diffusion_pytorch_model-00001-of-00002.safetensors";
const SHARD_2 = "unet/diffusion_pytorch_model-00002-of-00002.safetensors";

const workers: Worker[] = [];
let library: LibraryClient;

const openLibrary = (): Promise<LibraryClient> => openWorkerLibrary((worker) => workers.push(worker));

const until = (id: string, ...states: readonly DownloadState[]): Promise<Download> =>
  downloadUntil(library, id, ...states);

async function listedFolder(): Promise<SourceFolder> {
  const { folders = [] } = await library.downloads.inspect(`${inject("modelHostUrl")}/${NAME}`);
  expect(folders).toHaveLength(1);
  return folders[0];
}

const fileOf = ({ files }: SourceFolder, path: string): SourceFolder["files"][number] =>
  files.find((file) => file.path === path)!;

async function bytesOf(folder: SourceFolder, path: string): Promise<string> {
  const bytes = new Uint8Array(await (await fetch(fileOf(folder, path).address)).arrayBuffer());
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}

/** Makes one large file of the folder, whose bytes are given, behave otherwise from now on. */
async function spoil(
  folder: SourceFolder,
  path: string,
  base64: string,
  file: Partial<HostedFile>,
): Promise<void> {
  const content = { kind: "base64", base64 } as const;
  const { sha256 = "" } = fileOf(folder, path);
  await hostFile(largeFilePath(sha256), { content, cors: "exposed", ...file });
}

async function timesAsked(folder: SourceFolder, path: string): Promise<number> {
  const { sha256 = "" } = fileOf(folder, path);
  const { requests } = await hostReport();
  return requests.filter((request) => request.path.startsWith(largeFilePath(sha256))).length;
}

const imported = async (): Promise<readonly ModelRecord[]> =>
  (await library.listModels()).filter(({ origin }) => origin === "imported");

beforeEach(async () => {
  await deleteDB("kiln-library");
  const root = await navigator.storage.getDirectory();
  for (const name of ["models", "downloads"])
    await root.removeEntry(name, { recursive: true }).catch(() => undefined);
  await forgetHosted();
  library = await openLibrary();
  await library.downloads.configure({ hosts: { ...DEFAULT_HOSTS, huggingface: inject("modelHostUrl") } });
});

afterEach(() => workers.splice(0).forEach((worker) => worker.terminate()));

test("a worker killed in the middle of the second shard leaves what the next one finishes, as one model", async () => {
  await hostRepository(NAME);
  const folder = await listedFolder();
  const middle = Math.floor(fileOf(folder, SHARD_2).bytes / 2);
  const base64 = await bytesOf(folder, SHARD_2);
  await spoil(folder, SHARD_2, base64, { stallAt: middle });
  const before = await timesAsked(folder, SHARD_2);
  const { id, fileCount } = await library.downloads.add({ address: `${inject("modelHostUrl")}/${NAME}` });
  expect(fileCount).toBe(folder.files.length);
  await expect.poll(() => timesAsked(folder, SHARD_2), { timeout: 20_000 }).toBe(before + 1);
  await expect
    .poll(async () => (await library.storage.use()).downloads, { timeout: 20_000 })
    .toBeGreaterThan(fileOf(folder, SHARD_1).bytes);
  expect(await imported()).toEqual([]);

  workers.splice(0).forEach((worker) => worker.terminate());
  await spoil(folder, SHARD_2, base64, {});
  library = await openLibrary();
  const done = await until(id, "done");
  expect(await timesAsked(folder, SHARD_1)).toBe(1);

  const [record, ...rest] = await imported();
  expect(rest).toEqual([]);
  expect(record).toMatchObject({ id: done.modelId, name: "tiny-xl", family: "sdxl-v", type: "checkpoint" });
  expect(record.parts).toEqual(
    folder.files.map(({ path, bytes, sha256 }) => ({ path, bytes, ...(sha256 !== undefined && { sha256 }) })),
  );
  expect((await library.storage.use()).downloads).toBe(0);
  expect(await library.storage.check(true, () => undefined)).toEqual([]);
  const { requests } = await hostReport();
  expect(requests.every(({ cookie }) => cookie === undefined)).toBe(true);
});

test("it is the same model as the folder dropped on the page", async () => {
  await hostRepository(NAME);
  const folder = await listedFolder();
  const { id } = await library.downloads.add({ address: NAME });
  const { modelId } = await until(id, "done");
  const entries = await Promise.all(
    folder.files.map(async ({ path, address }) => ({
      path: `tiny-xl/${path}`,
      file: new File([await (await fetch(address)).blob()], path.split("/").at(-1)!),
    })),
  );
  const dropped = await library.importFolder(entries.toReversed(), () => undefined);
  expect(dropped.id).toBe(modelId);
});

test("one wrong shard keeps the model away until that shard is right", async () => {
  await hostRepository(NAME);
  const folder = await listedFolder();
  const { bytes, sha256 = "" } = fileOf(folder, SHARD_2);
  await hostFile(largeFilePath(sha256), { content: { kind: "noise", bytes, seed: 5 }, cors: "exposed" });
  const { id } = await library.downloads.add({ address: NAME });
  const apart = await until(id, "quarantined");
  expect(apart.error?.message).toContain(SHARD_2);
  expect(await imported()).toEqual([]);

  await hostRepository(NAME);
  await library.downloads.retry(id);
  await until(id, "done");
  expect(await imported()).toHaveLength(1);
  expect(await timesAsked(folder, SHARD_1)).toBe(1);
});

test("a repository with terms to accept needs the token, which the storage never sees", async () => {
  await hostRepository(NAME, { token: "hf_right", refusal: 403 });
  await expect(library.downloads.add({ address: NAME })).rejects.toMatchObject({ name: "AccessDenied" });
  await library.downloads.setToken("huggingface", "hf_right");
  const { id } = await library.downloads.add({ address: NAME });
  await until(id, "done");
  const { requests } = await hostReport();
  const storage = requests.filter(({ origin }) => origin === "storage");
  expect(storage.length).toBeGreaterThan(0);
  expect(JSON.stringify(storage)).not.toContain("hf_right");
});

test("a cancelled folder leaves nothing", async () => {
  await hostRepository(NAME);
  const folder = await listedFolder();
  await spoil(folder, SHARD_2, await bytesOf(folder, SHARD_2), { stallAt: 100 });
  const { id } = await library.downloads.add({ address: NAME });
  await expect
    .poll(async () => (await library.storage.use()).downloads, { timeout: 20_000 })
    .toBeGreaterThan(fileOf(folder, SHARD_1).bytes);
  await library.downloads.cancel(id);
  await expect.poll(async () => (await library.storage.use()).downloads, { timeout: 20_000 }).toBe(0);
  expect(await library.downloads.list()).toEqual([]);
  expect(await imported()).toEqual([]);
});
