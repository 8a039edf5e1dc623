// Chunking rules, seen through a toy tokenizer whose words are their own ids.

import { expect, test } from "vitest";
import { chunkPrompt } from "../../../src/prompt/chunks.ts";
import type { ClipTokenizer } from "../../../src/prompt/clip-tokenizer.ts";

const START = 900;
const END = 901;
const COMMA = 902;

/** "7" → 7, "," → COMMA, white space separates. */
const tokenizer: ClipTokenizer = {
  start: START,
  end: END,
  size: 1000,
  pad: END,
  comma: COMMA,
  endsWord: () => true,
  encode: (text) => (text.match(/\d+|,/g) ?? []).map((word) => (word === "," ? COMMA : Number(word))),
};

const count = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);
const tokensOf = (ids: Int32Array): number[] => [...ids.subarray(1, ids.indexOf(END))];

test("an empty prompt is one chunk of padding", () => {
  const { chunks, tokens, capacity } = chunkPrompt("", tokenizer);
  expect(chunks).toHaveLength(1);
  expect([...chunks[0].ids]).toEqual([START, ...new Array<number>(76).fill(END)]);
  expect([...chunks[0].weights]).toEqual(new Array(77).fill(1));
  expect({ tokens, capacity }).toEqual({ tokens: 0, capacity: 75 });
});

test("weights stand beside their tokens, and 1 beside start, end and padding", () => {
  const [chunk] = chunkPrompt("5 (6 7:1.5) 8", tokenizer).chunks;
  expect([...chunk.ids.subarray(0, 6)]).toEqual([START, 5, 6, 7, 8, END]);
  expect([...chunk.weights.subarray(0, 6)]).toEqual([1, 1, 1.5, 1.5, 1, 1]);
});

test("75 tokens fill one chunk and the 76th opens another", () => {
  const full = chunkPrompt(count(1, 76).join(" "), tokenizer);
  expect(full.chunks).toHaveLength(1);
  expect({ tokens: full.tokens, capacity: full.capacity }).toEqual({ tokens: 75, capacity: 75 });
  const over = chunkPrompt(count(1, 77).join(" "), tokenizer);
  expect(over.chunks.map(({ ids }) => tokensOf(ids))).toEqual([count(1, 76), [76]]);
  expect({ tokens: over.tokens, capacity: over.capacity }).toEqual({ tokens: 76, capacity: 150 });
});

test("a full chunk gives back what follows a comma among its last 20 tokens", () => {
  const prompt = `${count(1, 61).join(" ")}, ${count(100, 120).join(" ")}`; // 60 + comma + 20 tokens
  const { chunks, tokens } = chunkPrompt(prompt, tokenizer);
  expect(chunks.map(({ ids }) => tokensOf(ids))).toEqual([[...count(1, 61), COMMA], count(100, 120)]);
  expect(tokens).toBe(95);
});

test("a comma farther back does not move tokens", () => {
  const prompt = `${count(1, 50).join(" ")}, ${count(100, 140).join(" ")}`; // 49 + comma + 40 tokens
  const { chunks } = chunkPrompt(prompt, tokenizer);
  expect(chunks.map(({ ids }) => tokensOf(ids).length)).toEqual([75, 15]);
});

test("a comma is found exactly 20 tokens back and not 21", () => {
  const withCommaAt = (index: number) =>
    chunkPrompt(`${count(1, index + 1).join(" ")}, ${count(100, 200).join(" ")}`, tokenizer);
  expect(tokensOf(withCommaAt(55).chunks[0].ids)).toHaveLength(56);
  expect(tokensOf(withCommaAt(54).chunks[0].ids)).toHaveLength(75);
});

test("BREAK pads the chunk, even an empty one", () => {
  const { chunks, tokens, capacity } = chunkPrompt("1 2 BREAK 3", tokenizer);
  expect(chunks.map(({ ids }) => tokensOf(ids))).toEqual([[1, 2], [3]]);
  expect({ tokens, capacity }).toEqual({ tokens: 76, capacity: 150 });
  expect(chunkPrompt("BREAK 1", tokenizer).chunks.map(({ ids }) => tokensOf(ids))).toEqual([[], [1]]);
});

test("padding other than the end token comes after it", () => {
  const [chunk] = chunkPrompt("5", { ...tokenizer, pad: 0 }).chunks;
  expect([...chunk.ids.subarray(0, 5)]).toEqual([START, 5, END, 0, 0]);
});

test("a prompt of 10,000 tokens loses none", () => {
  const words = count(1, 800);
  const many = Array.from({ length: 10_000 }, (_, i) => words[i % words.length]);
  const { chunks } = chunkPrompt(many.join(" "), tokenizer);
  expect(chunks.flatMap(({ ids }) => tokensOf(ids))).toEqual(many);
});
