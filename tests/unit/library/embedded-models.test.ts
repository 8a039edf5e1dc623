// What the library knows of the models that come with the app: the project's own manifest, read as the app reads it.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { embeddedRecords } from "../../../src/library/embedded-models.ts";
import { blankMetadata } from "../../../src/library/metadata/metadata-record.ts";
import { parseManifest } from "../../../src/protocol/model-manifest.ts";

const manifest = parseManifest(
  JSON.parse(readFileSync(join(import.meta.dirname, "../../../models-manifest.json"), "utf8")),
);
const records = embeddedRecords(manifest);

test("only models whose file lies beside the app are here from the start", () => {
  expect(records.map(({ id }) => id)).toContain("kiln-small");
  expect(records.length).toBeLessThan(manifest.models.length);
});

test("each has a description, a licence and a picture, and an adapter the words it was trained with", () => {
  for (const record of records) {
    const { description, licence, trigger_words } = blankMetadata(record);
    expect([record.id, description.length > 20, licence]).toEqual([record.id, true, "MIT"]);
    expect(record.preview).toBe(`models/${record.id}/preview.webp`);
    const isAdapter = record.type === "lora" || record.type === "embedding";
    expect([record.id, trigger_words.length > 0]).toEqual([record.id, isAdapter]);
  }
});
