// CLIP's vocabulary as it is built into the app gives the token ids that transformers' CLIPTokenizer gives.

import { expect, test } from "vitest";
import { clipVocabulary } from "../../../scripts/clip-vocabulary.ts";
import { createClipTokenizer } from "../../../src/prompt/clip-tokenizer.ts";

const { vocabJson, mergesText } = clipVocabulary();
const vocabulary = JSON.parse(vocabJson) as Record<string, number>;
const tokenizer = createClipTokenizer(vocabulary, mergesText);

test("the vocabulary is CLIP's, whole and in order", () => {
  expect(Object.keys(vocabulary)).toHaveLength(49408);
  expect(new Set(Object.values(vocabulary)).size).toBe(49408);
  expect(mergesText.trimEnd().split("\n")).toHaveLength(48895);
  expect([tokenizer.start, tokenizer.end]).toEqual([49406, 49407]);
  expect(vocabulary["the</w>"]).toBe(518);
});

test.each([
  ["a photo of a cat", [320, 1125, 539, 320, 2368]],
  ["hello world!", [3306, 1002, 256]],
  ["magnificently", [9725, 2922]],
  ["A Photo  of\na CAT", [320, 1125, 539, 320, 2368]],
])("%j becomes %j", (text, ids) => {
  expect(tokenizer.encode(text)).toEqual(ids);
});
