// Downloads by the app's own worker into the real private file system, from another origin that misbehaves.

import { deleteDB } from "idb";
import { afterEach, beforeEach, expect, test } from "vitest";
import { cdp } from "vitest/browser";
import type { LibraryClient } from "../../../src/client/library-client.ts";
import type { Download, DownloadState } from "../../../src/protocol/downloads-api.ts";
import type { HostedFile } from "../../support/model-host.ts";
import { forgetHosted, type HostedModel, hostReport, hostModel } from "../../support/model-host-control.ts";
import { downloadUntil, openWorkerLibrary } from "../../support/worker-library.ts";

const MEGABYTE = 1024 * 1024;
const PATH = "/files/model.safetensors";

// vitest types the session by the provider's package, which tests do not import.
const devtools = cdp() as unknown as { send(method: string, parameters: object): Promise<unknown> };

const workers: Worker[] = [];
let library: LibraryClient;

const offer = (file: Partial<HostedFile>, bytes = 2 * MEGABYTE): Promise<HostedModel> =>
  hostModel(PATH, bytes, file);

const openLibrary = (): Promise<LibraryClient> => openWorkerLibrary((worker) => workers.push(worker));

const until = (id: string, ...states: readonly DownloadState[]): Promise<Download> =>
  downloadUntil(library, id, ...states);

const end = (id: string): Promise<Download> => until(id, "done", "failed");

beforeEach(async () => {
  await deleteDB("kiln-library");
  const root = await navigator.storage.getDirectory();
  for (const name of ["models", "downloads"])
    await root.removeEntry(name, { recursive: true }).catch(() => undefined);
  await forgetHosted();
  library = await openLibrary();
});

afterEach(() => workers.splice(0).forEach((worker) => worker.terminate()));

test("a model behind a redirect is downloaded, proven, recognised, listed and hashed", async () => {
  const wanted = await offer({ redirect: { status: 307, validMs: 60_000 } });
  const { id } = await library.downloads.add(wanted);
  expect(await until(id, "done")).toMatchObject({ modelId: wanted.sha256, bytesDone: wanted.bytes });
  const record = (await library.listModels()).find((model) => model.id === wanted.sha256);
  expect(record).toMatchObject({ type: "checkpoint", family: "sd1", bytes: wanted.bytes });
  expect(await library.hashes.compute(wanted.sha256)).toMatchObject({ autoV2: wanted.sha256.slice(0, 10) });
  const use = await library.storage.use();
  expect([use.models.checkpoint, use.downloads]).toEqual([wanted.bytes, 0]);
});

test("a killed worker leaves a part that the next one finishes", async () => {
  // It stops half-way, so that it cannot be finished before its worker is ended.
  const stalling = await offer({ stallAt: 8 * MEGABYTE }, 16 * MEGABYTE);
  const arrived = new Promise<void>((resolve) => {
    void library.downloads.subscribe((event) => {
      if (event.type === "progress" && event.progress.bytesDone > MEGABYTE) resolve();
    });
  });
  const { id } = await library.downloads.add(stalling);
  await arrived;
  workers.splice(0).forEach((worker) => worker.terminate());
  await offer({}, 16 * MEGABYTE);
  library = await openLibrary();
  await until(id, "done");
  expect((await hostReport()).requests.some(({ range }) => range !== undefined)).toBe(true);
  expect(await library.storage.check(true, () => undefined)).toEqual([]);
});

test("a host that forbids reading leads to the user's own copy, which must be the right file", async () => {
  const wanted = await offer({ cors: "none" });
  const { id } = await library.downloads.add(wanted);
  const asked = await until(id, "needs-file");
  expect(asked).toMatchObject({ pageUrl: wanted.address, error: { name: "AccessDenied" } });
  await offer({});
  const copy = await (await fetch(wanted.address)).blob();
  const wrong = new Uint8Array(await copy.arrayBuffer());
  wrong[wrong.length - 1] ^= 1;
  await expect(library.downloads.provideFile(id, new File([wrong], "x.safetensors"))).rejects.toMatchObject({
    name: "HashMismatch",
  });
  await library.downloads.provideFile(id, new File([copy], "mine.safetensors"));
  expect(await until(id, "done")).toMatchObject({ modelId: wanted.sha256 });
});

test("a disk that is really full is named, keeps what arrived, and takes the rest once there is room", async () => {
  const { usage = 0 } = await navigator.storage.estimate();
  const setQuota = (quotaSize?: number): Promise<unknown> =>
    devtools.send("Storage.overrideQuotaForOrigin", { origin: location.origin, quotaSize });
  await setQuota(usage + 8 * MEGABYTE);
  try {
    const wanted = await offer({}, 16 * MEGABYTE);
    const blind = await offer({ noLength: true }, 16 * MEGABYTE);
    const second = await library.downloads.add({ address: blind.address });
    expect((await end(second.id)).error).toMatchObject({ name: "StorageFull" });
    expect((await library.storage.use()).downloads).toBeGreaterThan(MEGABYTE);
    await setQuota();
    await library.downloads.retry(second.id);
    expect(await end(second.id)).toMatchObject({ state: "done", modelId: wanted.sha256 });
  } finally {
    await setQuota();
  }
});

test("a file that was evicted or damaged since is found", async () => {
  const wanted = await offer({});
  await until((await library.downloads.add(wanted)).id, "done");
  const models = await (await navigator.storage.getDirectory()).getDirectoryHandle("models");
  const folder = await models.getDirectoryHandle(wanted.sha256);
  const stream = await (
    await folder.getFileHandle("model.safetensors")
  ).createWritable({ keepExistingData: true });
  await stream.write({ type: "write", position: wanted.bytes - 5, data: "x" });
  await stream.close();
  const kinds = async (thorough: boolean): Promise<string[]> =>
    (await library.storage.check(thorough, () => undefined)).map(({ kind }) => kind);
  expect(await kinds(false)).toEqual([]);
  expect(await kinds(true)).toEqual(["wrong-hash"]);
  await models.removeEntry(wanted.sha256, { recursive: true });
  expect(await kinds(false)).toEqual(["missing"]);
});
