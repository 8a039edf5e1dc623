// Which words a picture is found by.

import { expect, test } from "vitest";
import {
  DELETED,
  FAVOURITE,
  indexedWords,
  KEPT,
  type NewPicture,
  searchedPrefixes,
  termsOf,
} from "../../../src/gallery/picture-record.ts";
import { picture, request } from "./gallery-fixture.ts";

const { jobId, index, infotext } = picture({ jobId: "job" });
const record: NewPicture = {
  ...{ jobId, index, infotext, request, ...request },
  ...{ favourite: false, addedAt: 1, bytes: 10, fileName: "a.png" },
};

test.each([
  ["A Red, red (lighthouse:1.2)", ["a", "red", "lighthouse", "1", "2"]],
  ["Ёлка і маяк", ["ёлка", "і", "маяк"]],
  ["灯台と海 sea", ["灯台", "台と", "と海", "海", "sea"]],
  ["ｆｕｌｌ width", ["full", "width"]],
  ["", []],
  ["<lora:x>, ,,", ["lora", "x"]],
])("%s is indexed as %j", (text, words) => {
  expect(indexedWords(text)).toEqual(words);
});

test("a search for part of a spaceless run asks for its pairs, a single character for itself", () => {
  expect(searchedPrefixes("灯台と")).toEqual(["灯台", "台と"]);
  expect(searchedPrefixes("海")).toEqual(["海"]);
  expect(searchedPrefixes("Light  SEA light")).toEqual(["light", "sea"]);
});

test("a prompt of any length costs a bounded number of entries", () => {
  const long = Array.from({ length: 10_000 }, (_, i) => `word${i}`).join(" ");
  expect(indexedWords(long)).toHaveLength(400);
  expect(indexedWords("x".repeat(10_000))).toEqual(["x".repeat(40)]);
  expect(searchedPrefixes("x".repeat(10_000))).toEqual(["x".repeat(40)]);
});

test("terms follow the record's state", () => {
  expect(termsOf(record)).toEqual(
    expect.arrayContaining([KEPT, "w:lighthouse", "w:fog", "w:kiln", "w:small"]),
  );
  expect(termsOf(record)).not.toContain(FAVOURITE);
  expect(termsOf({ ...record, favourite: true })).toContain(FAVOURITE);
  expect(termsOf({ ...record, favourite: true, deletedAt: 5 })).toEqual([DELETED]);
});

test("a prompt cannot pretend to be a state", () => {
  expect(termsOf({ ...record, prompt: "is:deleted is:favourite" })).not.toContain(FAVOURITE);
  expect(termsOf({ ...record, prompt: "is:deleted is:favourite" })).not.toContain(DELETED);
});
