// Names of embeddings in prompts: found by their tokens, as A1111 finds them, and never divided between chunks.

import { expect, test } from "vitest";
import { chunkPrompt } from "../../../src/prompt/chunks.ts";
import { createClipTokenizer } from "../../../src/prompt/clip-tokenizer.ts";
import { withEmbeddingNames } from "../../../src/prompt/embedding-names.ts";
import { tinyVocabulary } from "../../support/tiny-vocabulary.ts";

const tokenizer = createClipTokenizer(tinyVocabulary.vocabJson, tinyVocabulary.mergesText);
const SIZE = 100;
const names = [
  { name: "cat", count: 2 },
  { name: "Cat-girl", count: 3 },
  { name: "x", count: 1 },
];
const read = withEmbeddingNames(tokenizer, names);
/** Placeholders by name and vector, other tokens as they are. */
const readable = (text: string): (string | number)[] =>
  read.encode(text).map((id) => {
    const token = read.embeddingToken(id);
    return token ? `${names[token.embedding].name} ${token.vector}` : id;
  });

test("a name becomes as many tokens as it has vectors, whatever its case", () => {
  expect(readable("CAT")).toEqual(["cat 0", "cat 1"]);
  expect(readable("a cat x")).toEqual([tokenizer.encode("a")[0], "cat 0", "cat 1", "x 0"]);
});

test("the longest name that fits is read", () => {
  expect(readable("cat-girl cat-")).toEqual([
    "Cat-girl 0",
    "Cat-girl 1",
    "Cat-girl 2",
    "cat 0",
    "cat 1",
    ...tokenizer.encode("-"),
  ]);
});

test("a part of a word is no name", () => {
  expect(readable("cats scat xx")).toEqual(tokenizer.encode("cats scat xx"));
});

test("placeholders lie behind the vocabulary, and other ids stand for nothing", () => {
  expect(tokenizer.size).toBe(SIZE);
  expect(read.encode("cat")).toEqual([SIZE, SIZE + 1]);
  expect(read.embeddingToken(SIZE - 1)).toBeUndefined();
  expect(read.embeddingToken(SIZE + 6)).toBeUndefined();
});

test("all vectors carry the weight of their name, and are counted", () => {
  const { chunks, tokens } = chunkPrompt("a (cat:1.5)", read);
  expect(tokens).toBe(3);
  expect([...chunks[0].weights.subarray(0, 5)]).toEqual([1, 1, 1.5, 1.5, 1]);
});

test("an embedding that does not fit whole starts the next chunk", () => {
  const prompt = `${new Array(74).fill("b").join(" ")} cat b`;
  const { chunks, tokens, capacity } = chunkPrompt(prompt, read);
  expect(chunks).toHaveLength(2);
  expect(chunks[0].ids[75]).toBe(tokenizer.end);
  expect([...chunks[1].ids.subarray(1, 4)]).toEqual([SIZE, SIZE + 1, tokenizer.encode("b")[0]]);
  expect({ tokens, capacity }).toEqual({ tokens: 78, capacity: 150 });
});
