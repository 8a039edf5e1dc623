// Which models are shown and in what order. Records come from the seeded library of the page's tests.

import { expect, test } from "vitest";
import { plainMetadata } from "../../support/fake-metadata.ts";
import { seedModel } from "../../support/ui-library-seed.ts";
import {
  facetsOf,
  filterEntries,
  type LibraryEntry,
  nameOf,
  WHOLE_LIBRARY,
} from "../../../src/ui/model-filter.ts";

const entries: readonly LibraryEntry[] = Array.from({ length: 7 }, (_, i) => {
  const record = seedModel(i);
  const metadata = {
    ...plainMetadata(record),
    trigger_words: i === 1 ? ["papercut style"] : [],
    tags: i % 2 === 0 ? ["style"] : ["style", "portrait"],
    favourite: i === 3,
    base_model: i === 6 ? "Pony" : "",
  };
  return { record, metadata };
});
const shown = (filter: Partial<typeof WHOLE_LIBRARY>): readonly string[] =>
  filterEntries(entries, { ...WHOLE_LIBRARY, ...filter }).map(nameOf);

test("every word must occur in the name, the words, the tags, the base or the hash", () => {
  expect(shown({ text: "paper style" })).toEqual(["Papercut 1"]);
  expect(shown({ text: "PONY" })).toEqual(["Night Market 1"]);
  expect(shown({ text: entries[2].record.sha256.slice(0, 10) })).toEqual([nameOf(entries[2])]);
  expect(shown({ text: "paper harbour" })).toEqual([]);
});

test("kind, base model, tag and favourite narrow it down together", () => {
  expect(shown({ type: "lora" })).toEqual(["Papercut 1", "Night Market 1"]);
  expect(shown({ type: "lora", base: "SD 1.5" })).toEqual(["Papercut 1"]);
  expect(shown({ tag: "portrait" })).toHaveLength(3);
  expect(shown({ favouritesOnly: true })).toEqual(["Soft Grain 1"]);
  expect(shown({ favouritesOnly: true, type: "vae" })).toEqual([]);
});

test("orders: the library's own, by name with numbers as numbers, by size", () => {
  expect(shown({})[0]).toBe("Dawn 1");
  expect(shown({ sort: "name" })[0]).toBe("Clear Sky 1");
  expect(shown({ sort: "size" })[0]).toBe("Harbour Lights 1");
  const numbered = [10, 9].map((i) => ({ record: { ...seedModel(i), name: `model ${i}` } }));
  expect(filterEntries(numbered, { ...WHOLE_LIBRARY, sort: "name" }).map(nameOf)).toEqual([
    "model 9",
    "model 10",
  ]);
});

test("facets count what can be chosen, most frequent first, and leave out what is not known", () => {
  const { types, tags, bases } = facetsOf(entries);
  expect(types[0]).toEqual({ value: "checkpoint", count: 2 });
  expect(tags).toEqual([
    { value: "style", count: 7 },
    { value: "portrait", count: 3 },
  ]);
  expect(bases.map(({ value }) => value)).not.toContain("");
});
