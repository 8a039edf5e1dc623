// The queue of pictures to enlarge: its jobs survive a reload with their pictures, and leave nothing behind.

import { deleteDB, openDB } from "idb";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openPageDatabase, type PageDatabase } from "../../../src/gallery/page-database.ts";
import type { TabPresence } from "../../../src/gallery/tab-locks.ts";
import { UpscaleQueue } from "../../../src/gallery/upscale-queue.ts";
import type { UpscaleRequest } from "../../../src/protocol/upscale-request.ts";
import { openFixture, picture, request as generation } from "./gallery-fixture.ts";

const presence = (id: string): TabPresence => ({
  id,
  aliveIds: () => Promise.resolve(new Set([id])),
  whenGone: () => Promise.resolve(),
  dispose: () => undefined,
});

let database: PageDatabase;
beforeEach(async () => {
  const fixture = await openFixture();
  fixture.gallery.dispose();
  database = fixture.database;
});
afterEach(() => database.close());

function request(fileName: string): UpscaleRequest {
  return {
    upscaler: { kind: "resample", filter: "lanczos" },
    target: { kind: "factor", factor: 2 },
    file: new Blob([`pixels of ${fileName}`], { type: "image/png" }),
    fileName,
  };
}

test("a job that a reload cut off waits again, with its picture", async () => {
  const first = new UpscaleQueue(database, presence("a"));
  await first.enqueue(request("one.png"));
  await first.enqueue(request("two.png"));
  await first.jobs.takeNext();
  first.dispose();
  database.close();
  database = await openPageDatabase();
  const second = new UpscaleQueue(database, presence("b"));
  await second.recover();
  expect((await second.jobs.list()).map(({ status, request: { fileName } }) => [status, fileName])).toEqual([
    ["pending", "one.png"],
    ["pending", "two.png"],
  ]);
  const job = await second.jobs.takeNext();
  const opened = await second.openRequest(job!);
  expect(opened).toMatchObject({ fileName: "one.png", target: { kind: "factor", factor: 2 } });
  expect(await opened.file.text()).toBe("pixels of one.png");
  second.dispose();
});

test("pictures leave with their jobs; those that a crash left behind are removed", async () => {
  const queue = new UpscaleQueue(database, presence("a"));
  const { id } = await queue.enqueue(request("one.png"));
  const kept = await queue.enqueue(request("two.png"));
  await database.put("sources", new Blob(["left behind"]), "crashed");
  await queue.remove(id);
  await queue.recover();
  expect(await database.getAllKeys("sources")).toEqual([kept.id]);
  queue.dispose();
});

test("a picture that the browser has evicted is told by name", async () => {
  const queue = new UpscaleQueue(database, presence("a"));
  const job = await queue.enqueue(request("one.png"));
  await database.delete("sources", job.id);
  await expect(queue.openRequest(job)).rejects.toMatchObject({
    name: "PictureNotFound",
    details: { where: "one.png" },
  });
  queue.dispose();
});

test("a database of the first version keeps its jobs and gains this queue", async () => {
  database.close();
  await deleteDB("kiln-page");
  const old = await openDB("kiln-page", 1, {
    upgrade(created) {
      created.createObjectStore("jobs", { keyPath: "id" }).createIndex("position", "position");
    },
  });
  await old.put("jobs", { id: "old", request: generation, status: "pending", position: 0, createdAt: 0 });
  old.close();
  database = await openPageDatabase();
  expect(await database.getAllKeys("jobs")).toEqual(["old"]);
  const queue = new UpscaleQueue(database, presence("a"));
  await queue.enqueue(request("one.png"));
  expect(await queue.jobs.list()).toHaveLength(1);
  queue.dispose();
});

test("an enlarged picture of the gallery keeps its request; one from a file says what its infotext says", async () => {
  const { gallery, database: fresh } = await openFixture();
  const source = await gallery.add(picture(), generation);
  const infotext = `${source.infotext}, Postprocess upscale by: 2, Postprocess upscaler: Lanczos`;
  const derived = await gallery.addDerived(picture({ infotext, width: 512, height: 512 }), {
    operation: "upscale",
    sourceName: "boat.png",
    sourceId: source.id,
  });
  expect(derived).toMatchObject({
    ...{ prompt: generation.prompt, modelId: "kiln-small", request: generation },
    ...{ width: 512, lineage: { operation: "upscale", sourceId: source.id } },
  });
  const foreign = await gallery.addDerived(picture({ infotext: `a windmill\n${infotext.split("\n")[1]}` }), {
    operation: "upscale",
    sourceName: "windmill.jpg",
  });
  expect(foreign).toMatchObject({ prompt: "a windmill", modelId: "" });
  expect(foreign.request).toBeUndefined();
  expect((await gallery.list({ text: "windmill" }, { limit: 5 })).pictures.map(({ id }) => id)).toEqual([
    foreign.id,
  ]);
  gallery.dispose();
  fresh.close();
});
