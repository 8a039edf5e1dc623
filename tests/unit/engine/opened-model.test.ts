// What is checked when a model is opened, beyond what importing it checks.

import { expect, test } from "vitest";
import { openModel } from "../../../src/engine/opened-model.ts";
import { memorySource } from "../../../src/weights/memory-source.ts";
import { familyFolder } from "../../support/family-models.ts";
import { tinyModel } from "../../support/fixture-model.ts";
import { tinyVocabulary } from "../../support/tiny-vocabulary.ts";

const VOCABULARY = "tokenizer/vocab.json";
const noDefault = () => Promise.reject(new Error("the folder brings its tokenizer"));
const { record, source } = tinyModel("folder", memorySource(new Uint8Array(0), "unused"));

async function open(vocabulary: object) {
  const bytes = new TextEncoder().encode(JSON.stringify(vocabulary));
  const folder = (await familyFolder({ unet: "xl" }, {})).map((file) =>
    file.path === VOCABULARY ? { path: VOCABULARY, source: memorySource(bytes, VOCABULARY) } : file,
  );
  return openModel({ source, folder, record: { ...record, name: "Own", family: "sdxl" } }, noDefault);
}

test("a folder's own tokenizer is used, padded as each text encoder was trained", async () => {
  const { tokenizers } = await open(tinyVocabulary.vocabJson);
  expect(tokenizers.map(({ pad, end }) => pad === end)).toEqual([true, false]);
});

test("a tokenizer with tokens that the text encoder does not know is refused before anything runs", async () => {
  await expect(open({ ...tinyVocabulary.vocabJson, "cat</w>": 49_408 })).rejects.toMatchObject({
    name: "UnsupportedModel",
    details: { where: "Own: tokenizer", expected: "at most 100 tokens", got: "49409" },
  });
});

test("a tokenizer that is none is refused by the name of its file", async () => {
  await expect(open({ a: "b" })).rejects.toMatchObject({
    name: "FileFormat",
    details: { where: "vocab.json", got: 'b for "a"' },
  });
});
