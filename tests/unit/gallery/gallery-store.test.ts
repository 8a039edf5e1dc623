// The gallery's promises: nothing is lost, nothing half-stored is listed, deletions can be undone.

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { GalleryChange } from "../../../src/gallery/gallery-store.ts";
import { GalleryStore } from "../../../src/gallery/gallery-store.ts";
import type { PictureFiles } from "../../../src/gallery/picture-files.ts";
import { type GalleryFixture, openFixture, picture, reopenFixture, request } from "./gallery-fixture.ts";

const MINUTE = 60_000;
const noThumbnail = (): Promise<Blob> => Promise.reject(new Error("no canvas"));
const quotaError = (): DOMException => new DOMException("full", "QuotaExceededError");

let fixture: GalleryFixture;

beforeEach(async () => {
  fixture = await openFixture();
});

afterEach(() => {
  fixture.gallery.dispose();
  fixture.database.close();
});

async function addPrompts(...prompts: string[]): Promise<number[]> {
  const ids: number[] = [];
  for (const prompt of prompts) {
    ids.push((await fixture.gallery.add(picture(), { ...request, prompt })).id);
  }
  return ids;
}

async function listedIds(filter = {}, limit = 100): Promise<number[]> {
  return (await fixture.gallery.list(filter, { limit })).pictures.map((record) => record.id);
}

test("a picture keeps its bytes, recipe and infotext across a reload", async () => {
  const added = await fixture.gallery.add(picture({ jobId: "job", index: 3, seed: 10 }), request);
  fixture.gallery.dispose();
  fixture.database.close();
  fixture = await reopenFixture();
  const record = await fixture.gallery.get(added.id);
  expect(record).toEqual(added);
  expect(record).toMatchObject({ jobId: "job", index: 3, seed: 10, request, prompt: request.prompt });
  expect(record).not.toHaveProperty("terms");
  const file = await fixture.gallery.openFile(added.id);
  expect(await file.text()).toBe("picture of job");
  expect(file.name).toBe("10-a-red-lighthouse-by-the-sea.png");
  expect(await (await fixture.gallery.openThumbnail(added.id)).text()).toBe("pict");
});

test("pages go from newest to oldest and neither repeat nor skip when pictures arrive meanwhile", async () => {
  const ids = await addPrompts("a", "b", "c", "d", "e");
  const first = await fixture.gallery.list({}, { limit: 2 });
  expect(first.pictures.map((record) => record.id)).toEqual([ids[4], ids[3]]);
  expect(first.total).toBe(5);
  await addPrompts("f");
  const second = await fixture.gallery.list({}, { before: first.next, limit: 2 });
  expect(second.pictures.map((record) => record.id)).toEqual([ids[2], ids[1]]);
  const third = await fixture.gallery.list({}, { before: second.next, limit: 2 });
  expect(third.pictures.map((record) => record.id)).toEqual([ids[0]]);
  expect(third.next).toBeUndefined();
});

test("an empty gallery is an empty last page", async () => {
  expect(await fixture.gallery.list({}, { limit: 10 })).toEqual({ pictures: [], total: 0 });
});

test("search takes the beginnings of all words, in any case, over prompt, negative prompt and model", async () => {
  const [tower, boat] = await addPrompts("A tall Tower at dawn", "a blue boat at dawn");
  expect(await listedIds({ text: "DAW" })).toEqual([boat, tower]);
  expect(await listedIds({ text: "tow dawn" })).toEqual([tower]);
  expect(await listedIds({ text: "tower boat" })).toEqual([]);
  expect(await listedIds({ text: "ower" })).toEqual([]);
  expect(await listedIds({ text: "blurry" })).toEqual([boat, tower]);
  expect(await listedIds({ text: "kiln-sm boat" })).toEqual([boat]);
  expect(await listedIds({ text: " ,; " })).toEqual([boat, tower]);
  expect(await fixture.gallery.count({ text: "tow" })).toBe(1);
});

test("favourites are a filter of their own and combine with search", async () => {
  const [a, b] = await addPrompts("red house", "red boat");
  await fixture.gallery.setFavourite(a, true);
  expect(await listedIds({ favouritesOnly: true })).toEqual([a]);
  expect(await listedIds({ favouritesOnly: true, text: "boat" })).toEqual([]);
  expect((await fixture.gallery.get(a))?.favourite).toBe(true);
  await fixture.gallery.setFavourite(a, false);
  expect(await fixture.gallery.count({ favouritesOnly: true })).toBe(0);
  expect(await listedIds()).toEqual([b, a]);
});

test("a deletion can be undone, with its favourite mark, place and words", async () => {
  const [a, b, c] = await addPrompts("one", "two", "three");
  await fixture.gallery.setFavourite(b, true);
  const token = await fixture.gallery.remove([b, 999]);
  expect(token.ids).toEqual([b]);
  expect(await listedIds()).toEqual([c, a]);
  expect(await listedIds({ text: "two" })).toEqual([]);
  expect(await fixture.gallery.get(b)).toBeUndefined();
  expect(await fixture.gallery.restore(token)).toBe(1);
  expect(await listedIds()).toEqual([c, b, a]);
  expect(await listedIds({ text: "two", favouritesOnly: true })).toEqual([b]);
});

test("purge deletes the files of what was removed, and nothing that was restored", async () => {
  const [a, b] = await addPrompts("one", "two");
  const token = await fixture.gallery.remove([a, b]);
  await fixture.gallery.restore({ ids: [b] });
  await fixture.gallery.purge(token);
  expect(await fixture.gallery.restore(token)).toBe(1);
  expect(await listedIds()).toEqual([b]);
  expect(await fixture.files.names()).toHaveLength(2);
  await expect(fixture.gallery.openFile(a)).rejects.toMatchObject({ name: "PictureNotFound" });
});

test("tidy keeps a fresh deletion restorable and purges an old one", async () => {
  const [a] = await addPrompts("one");
  const token = await fixture.gallery.remove([a]);
  await fixture.gallery.tidy(Date.now() + MINUTE);
  expect(await fixture.gallery.restore(token)).toBe(1);
  await fixture.gallery.remove([a]);
  await fixture.gallery.tidy(Date.now() + 11 * MINUTE);
  expect(await fixture.gallery.restore(token)).toBe(0);
  expect(await fixture.files.names()).toEqual([]);
});

test("a crash between file and record leaves a file that nobody lists and tidy removes", async () => {
  const [kept] = await addPrompts("kept");
  await fixture.files.write("left-by-a-crash.png", new Blob(["x"]));
  expect(await listedIds()).toEqual([kept]);
  await fixture.gallery.tidy();
  expect(await fixture.files.names()).not.toContain("left-by-a-crash.png");
  expect(await (await fixture.gallery.openFile(kept)).text()).toMatch(/^picture of/);
});

test("when the record cannot be stored, its files go and the rest stays", async () => {
  const [kept] = await addPrompts("kept");
  const transaction = fixture.database.transaction.bind(fixture.database);
  vi.spyOn(fixture.database, "transaction").mockImplementation((...args: Parameters<typeof transaction>) => {
    if (args[1] === "readwrite") throw quotaError();
    return transaction(...args);
  });
  await expect(fixture.gallery.add(picture(), request)).rejects.toMatchObject({ name: "StorageFull" });
  vi.restoreAllMocks();
  expect(await fixture.files.names()).toHaveLength(2);
  expect(await listedIds()).toEqual([kept]);
});

test("a full disk while the file is written is StorageFull with what was needed, and leaves nothing", async () => {
  const full: PictureFiles = { ...fixture.files, write: () => Promise.reject(quotaError()) };
  const gallery = new GalleryStore(fixture.database, full, noThumbnail);
  const failure = gallery.add(picture({ file: new Blob([new Uint8Array(5000)]) }), request);
  await expect(failure).rejects.toMatchObject({
    name: "StorageFull",
    message: expect.stringContaining("5.0 KB") as string,
    details: { need: 5000, where: "the picture" },
  });
  expect(await gallery.count()).toBe(0);
  gallery.dispose();
});

test("other failures keep their own name", async () => {
  const broken: PictureFiles = { ...fixture.files, write: () => Promise.reject(new TypeError("odd")) };
  const gallery = new GalleryStore(fixture.database, broken, noThumbnail);
  await expect(gallery.add(picture(), request)).rejects.toThrow(TypeError);
  gallery.dispose();
});

test("a picture without a thumbnail is stored and shows itself in the grid", async () => {
  const gallery = new GalleryStore(fixture.database, fixture.files, noThumbnail);
  const { id } = await gallery.add(picture({ jobId: "plain" }), request);
  expect(await (await gallery.openThumbnail(id)).text()).toBe("picture of plain");
  gallery.dispose();
});

test("a job that runs again after a reload does not double its pictures, another picture is never overwritten", async () => {
  const first = await fixture.gallery.add(picture({ jobId: "job" }), request);
  const again = await fixture.gallery.add(picture({ jobId: "job" }), request);
  expect(again.id).toBe(first.id);
  const other = await fixture.gallery.add(picture({ jobId: "job", infotext: "another recipe" }), request);
  expect(other.id).not.toBe(first.id);
  expect(await fixture.gallery.count()).toBe(2);
});

test("changes reach this tab and other tabs", async () => {
  const here: GalleryChange[] = [];
  const there: GalleryChange[] = [];
  const otherTab = await reopenFixture();
  fixture.gallery.subscribe((change) => here.push(change));
  otherTab.gallery.subscribe((change) => there.push(change));
  const [id] = await addPrompts("one");
  await fixture.gallery.restore(await fixture.gallery.remove([id]));
  const expected = ["added", "removed", "restored"].map((type) => ({ type, ids: [id] }));
  expect(here).toEqual(expected);
  await vi.waitFor(() => expect(there).toEqual(expected));
  otherTab.gallery.dispose();
  otherTab.database.close();
});
