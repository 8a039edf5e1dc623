// Everything the page keeps, opened as the app opens it: what a reload brings back, and what the storage meter says.

import { deleteDB } from "idb";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openPageStorage, type PageStorage } from "../../../src/gallery/page-storage.ts";
import { requestPersistence } from "../../../src/gallery/storage-usage.ts";
import { picturesFolder, png, request } from "./gallery-pictures.ts";

let storage: PageStorage;

async function reload(): Promise<void> {
  storage.dispose();
  storage = await openPageStorage();
}

beforeEach(async () => {
  await deleteDB("kiln-page");
  await (
    await navigator.storage.getDirectory()
  )
    .removeEntry(picturesFolder, { recursive: true })
    .catch(() => undefined);
  storage = await openPageStorage();
});

afterEach(() => storage.dispose());

test("a reload brings back pictures, settings and the queue; the job that ran waits again", async () => {
  const file = await png(64, 64, "blue");
  const made = { jobId: "job", index: 0, seed: 1, width: 64, height: 64, file, infotext: "text" };
  const { id } = await storage.gallery.add(made, request);
  await storage.settings.set("form", { prompt: "a boat", seed: -1 });
  const first = await storage.queue.enqueue({ ...request, prompt: "first" });
  await storage.queue.enqueue({ ...request, prompt: "second" });
  expect((await storage.queue.takeNext())?.id).toBe(first.id);
  await reload();
  expect((await storage.gallery.get(id))?.prompt).toBe(request.prompt);
  expect((await storage.gallery.openFile(id)).size).toBe(file.size);
  expect(storage.settings.get("form")).toEqual({ prompt: "a boat", seed: -1 });
  expect((await storage.queue.list()).map((job) => [job.request.prompt, job.status])).toEqual([
    ["first", "pending"],
    ["second", "pending"],
  ]);
});

test("a job that another living tab runs is left alone until that tab ends", async () => {
  await storage.queue.enqueue(request);
  await storage.queue.takeNext();
  const otherTab = await openPageStorage();
  expect((await otherTab.queue.list())[0].status).toBe("running");
  expect(await otherTab.queue.takeNext()).toBeUndefined();
  storage.dispose();
  await expect.poll(async () => (await otherTab.queue.list())[0].status).toBe("pending");
  storage = otherTab;
});

test("a newer version of the app may replace the database although a tab has it open", async () => {
  const opening = indexedDB.open("kiln-page", 99);
  const upgraded = await new Promise<IDBDatabase>((resolve, reject) => {
    opening.onsuccess = () => resolve(opening.result);
    opening.onerror = () => reject(new Error("not upgraded"));
  });
  expect(upgraded.version).toBe(99);
  upgraded.close();
});

test("the storage meter adds up", async () => {
  const file = await png(256, 256, "green");
  const made = { jobId: "job", index: 0, seed: 1, width: 256, height: 256, file, infotext: "text" };
  await storage.gallery.add(made, request);
  const usage = await storage.readUsage(1000);
  expect(usage.pictures).toBeGreaterThan(file.size);
  expect(usage.models).toBe(1000);
  expect(usage.used).toBeGreaterThanOrEqual(usage.pictures + usage.models);
  expect(usage.app).toBe(Math.max(0, usage.used - usage.pictures - usage.models));
  expect(usage.quota).toBeGreaterThan(usage.used);
  expect(await requestPersistence()).toBe(await navigator.storage.persisted());
});
