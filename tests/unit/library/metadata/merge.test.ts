// The merge rules: what wins, what is shown before, and that showing and doing agree.

import { describe, expect, test } from "vitest";
import { merge } from "../../../../src/library/metadata/merge.ts";
import { applyEdit, blankMetadata } from "../../../../src/library/metadata/metadata-record.ts";
import { MERGE_RULES } from "../../../../src/protocol/metadata-api.ts";
import { modelRecord } from "../../../support/metadata-fakes.ts";

const blank = blankMetadata(modelRecord("ab".repeat(32)));
const ours = {
  ...applyEdit(blank, { notes: "ours", tags: ["a"] }),
  last_updated: "2026-05-01T00:00:00.000Z",
};
const theirs = {
  facts: { notes: "theirs", tags: ["b"], base_model: "SD 1.5", trigger_words: [] },
  lastUpdated: "2026-06-01T00:00:00.000Z",
};
const older = { ...theirs, lastUpdated: "2026-04-01T00:00:00.000Z" };

describe.each([
  ["fill", theirs, { notes: "ours", tags: ["a", "b"], base_model: "SD 1.5" }],
  ["newer", theirs, { notes: "theirs", tags: ["a", "b"], base_model: "SD 1.5" }],
  ["newer", older, { notes: "ours", tags: ["a", "b"], base_model: "SD 1.5" }],
  ["replace", older, { notes: "theirs", tags: ["b"], base_model: "SD 1.5" }],
] as const)("by the rule %s", (rule, incoming, expected) => {
  const { metadata, changes } = merge(ours, incoming, rule);

  test("the fields are", () => {
    expect(metadata).toMatchObject(expected);
  });

  test("what was shown is what is done", () => {
    for (const { field, takes } of changes) {
      const after = metadata[field as "notes"];
      if (takes === "ours") expect(after).toEqual(ours[field as "notes"]);
      if (takes === "theirs") expect(after).toEqual(incoming.facts[field as "notes"]);
    }
    const shown = changes.filter(({ takes }) => takes !== "ours").map(({ field }) => field);
    const changed = Object.keys(incoming.facts).filter(
      (field) => JSON.stringify(metadata[field as "notes"]) !== JSON.stringify(ours[field as "notes"]),
    );
    expect(shown.sort()).toEqual(changed.sort());
  });
});

test.each(MERGE_RULES)("%s: merging the same again changes nothing", (rule) => {
  const once = merge(ours, theirs, rule).metadata;
  expect(merge(once, theirs, rule).changes.filter(({ takes }) => takes !== "ours")).toEqual([]);
});

test("a hash comes with its kind, and one written by hand here is kept", () => {
  const incoming = { facts: { hash: "legacy: 12345678", hash_type: "legacy" as const }, lastUpdated: "" };
  expect(merge(blank, incoming, "fill").metadata).toMatchObject(incoming.facts);
  const byHand = { ...blank, hash: "AUTOV2: 1111111111", edited: ["hash" as const] };
  expect(merge(byHand, incoming, "fill").metadata.hash_type).toBe("AUTOV2");
});

test("a field written by hand there is treated so here once it is taken", () => {
  const incoming = {
    facts: { base_model: "Pony", notes: "x" },
    lastUpdated: "",
    edited: ["base_model", "notes"],
  };
  expect(merge(ours, incoming, "fill").metadata.edited).toEqual([...ours.edited, "base_model"]);
});
