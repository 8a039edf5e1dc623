// The queue's promises: order, one runner per job, nothing lost by a reload.

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { openPageDatabase, type PageDatabase } from "../../../src/gallery/page-database.ts";
import { QueueStore } from "../../../src/gallery/queue-store.ts";
import type { TabPresence } from "../../../src/gallery/tab-locks.ts";
import { openFixture, request } from "./gallery-fixture.ts";

const alive = new Set<string>();
let database: PageDatabase;
const queues: QueueStore[] = [];

function openTab(id: string): QueueStore {
  alive.add(id);
  const presence: TabPresence = {
    id,
    aliveIds: () => Promise.resolve(new Set(alive)),
    whenGone: (other) => vi.waitFor(() => expect(alive).not.toContain(other)),
    dispose: () => alive.delete(id),
  };
  const queue = new QueueStore(database, presence);
  queues.push(queue);
  return queue;
}

beforeEach(async () => {
  const fixture = await openFixture();
  fixture.gallery.dispose();
  database = fixture.database;
});

afterEach(() => {
  queues.splice(0).forEach((queue) => queue.dispose());
  alive.clear();
  database.close();
});

async function prompts(queue: QueueStore): Promise<string[]> {
  return (await queue.list()).map((job) => job.request.prompt);
}

async function enqueue(queue: QueueStore, prompt: string, front = false): Promise<string> {
  return (await queue.enqueue({ ...request, prompt }, { front })).id;
}

test("jobs wait in order and run in order", async () => {
  const queue = openTab("a");
  for (const prompt of ["one", "two", "three"]) await enqueue(queue, prompt);
  const first = await queue.takeNext();
  expect(first).toMatchObject({ status: "running", runner: "a", request: { ...request, prompt: "one" } });
  await queue.finish(first!.id);
  expect(await prompts(queue)).toEqual(["two", "three"]);
});

test("the front of the queue is behind the running job and before all that wait", async () => {
  const queue = openTab("a");
  await enqueue(queue, "running");
  await queue.takeNext();
  await enqueue(queue, "one");
  await enqueue(queue, "urgent", true);
  expect(await prompts(queue)).toEqual(["running", "urgent", "one"]);
  const last = await enqueue(queue, "last");
  await queue.moveToFront(last);
  expect(await prompts(queue)).toEqual(["running", "last", "urgent", "one"]);
});

test("jobs can be moved before another one and to the end", async () => {
  const queue = openTab("a");
  const [a, b, c] = [await enqueue(queue, "a"), await enqueue(queue, "b"), await enqueue(queue, "c")];
  await queue.moveBefore(c, a);
  expect(await prompts(queue)).toEqual(["c", "a", "b"]);
  await queue.moveBefore(c, undefined);
  expect(await prompts(queue)).toEqual(["a", "b", "c"]);
  await queue.moveBefore(b, b);
  await queue.moveBefore("gone", a);
  expect(await prompts(queue)).toEqual(["a", "b", "c"]);
  expect((await queue.list()).map((job) => job.position)).toEqual([0, 1, 2]);
});

test("an empty queue gives nothing to run", async () => {
  expect(await openTab("a").takeNext()).toBeUndefined();
});

test("two tabs never run the same job", async () => {
  const [a, b] = [openTab("a"), openTab("b")];
  for (let i = 0; i < 10; i++) await enqueue(a, `job ${i}`);
  const taken = await Promise.all(Array.from({ length: 14 }, (_, i) => (i % 2 ? a : b).takeNext()));
  const ids = taken.filter((job) => job !== undefined).map((job) => job.id);
  expect(ids).toHaveLength(10);
  expect(new Set(ids).size).toBe(10);
});

test("a failed job keeps its recipe and reason, does not run by itself, and can be retried in place", async () => {
  const queue = openTab("a");
  const failed = await enqueue(queue, "bad");
  await enqueue(queue, "good");
  await queue.takeNext();
  const error = { name: "OutOfMemory", message: "Not enough memory.", details: { where: "unet" } };
  await queue.fail(failed, error);
  expect((await queue.list())[0]).toMatchObject({ status: "failed", error, request: { prompt: "bad" } });
  expect((await queue.list())[0]).not.toHaveProperty("runner");
  expect((await queue.takeNext())?.request.prompt).toBe("good");
  await queue.retry(failed);
  expect((await queue.list())[0]).not.toHaveProperty("error");
  expect((await queue.takeNext())?.id).toBe(failed);
});

test("clearFailed leaves everything else", async () => {
  const queue = openTab("a");
  const failed = await enqueue(queue, "bad");
  await enqueue(queue, "good");
  await queue.fail(failed, { name: "Error", message: "x" });
  await queue.clearFailed();
  expect(await prompts(queue)).toEqual(["good"]);
});

test("jobs of a tab that is gone wait again at their place; jobs of a living tab go on", async () => {
  const [a, b] = [openTab("a"), openTab("b")];
  for (const prompt of ["one", "two", "three"]) await enqueue(a, prompt);
  await a.takeNext();
  await b.takeNext();
  alive.delete("a");
  const reloaded = openTab("c");
  expect(await reloaded.recover()).toBe(1);
  expect((await reloaded.list()).map((job) => [job.request.prompt, job.status])).toEqual([
    ["one", "pending"],
    ["two", "running"],
    ["three", "pending"],
  ]);
  expect(await reloaded.recover()).toBe(0);
});

test("a job whose tab still lives at the start waits again once that tab has ended", async () => {
  const old = openTab("old");
  await enqueue(old, "one");
  await old.takeNext();
  const reloaded = openTab("new");
  expect(await reloaded.recover()).toBe(0);
  alive.delete("old");
  await vi.waitFor(async () => expect((await reloaded.list())[0].status).toBe("pending"));
  expect((await reloaded.takeNext())?.runner).toBe("new");
});

test("the queue survives a reload", async () => {
  await enqueue(openTab("a"), "one");
  database.close();
  database = await openPageDatabase();
  expect(await prompts(openTab("b"))).toEqual(["one"]);
});

test("listeners hear of every change and not of reads", async () => {
  const queue = openTab("a");
  let changes = 0;
  queue.subscribe(() => changes++);
  const id = await enqueue(queue, "one");
  await queue.list();
  await queue.remove("gone");
  expect(changes).toBe(1);
  await queue.remove(id);
  expect(changes).toBe(2);
});
