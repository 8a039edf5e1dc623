// The tokenizer against transformers' CLIPTokenizer (tools/fixtures/clip_tokens.py), and what hostile input gets.

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { createClipTokenizer } from "../../../src/prompt/clip-tokenizer.ts";

interface Fixture {
  readonly vocabulary: Record<string, number>;
  readonly merges: string;
  readonly cases: readonly { readonly text: string; readonly ids: readonly number[] }[];
}

const fixture = JSON.parse(readFileSync("tests/fixtures/prompt/clip-tokens.json", "utf8")) as Fixture;
const tokenizer = createClipTokenizer(fixture.vocabulary, fixture.merges);

describe("encode() equals transformers' CLIPTokenizer", () => {
  test.each(fixture.cases)("$text", ({ text, ids }) => {
    expect(tokenizer.encode(text)).toEqual(ids);
  });
});

test("encode() takes 100,000 letters without white space in no time", () => {
  let state = 1;
  const letters = Array.from({ length: 100_000 }, () => {
    state = (state * 48271) % 2147483647;
    return String.fromCharCode(97 + (state % 26));
  }).join("");
  const started = performance.now();
  expect(tokenizer.encode(letters).length).toBeGreaterThan(10_000);
  expect(tokenizer.encode("light".repeat(20_000)).length).toBeGreaterThan(10_000);
  expect(performance.now() - started).toBeLessThan(5000);
});

test("start, end, pad and comma come from the vocabulary", () => {
  expect(tokenizer.start).toBe(fixture.vocabulary["<|startoftext|>"]);
  expect(tokenizer.end).toBe(fixture.vocabulary["<|endoftext|>"]);
  expect(tokenizer.pad).toBe(tokenizer.end);
  expect(tokenizer.comma).toBe(fixture.vocabulary[",</w>"]);
  expect(createClipTokenizer(fixture.vocabulary, fixture.merges, { pad: 0 }).pad).toBe(0);
});

test.each([
  ["null", null],
  ["a list", ["a"]],
  ["a fractional id", { ...fixture.vocabulary, a: 1.5 }],
  ["no end token", { "<|startoftext|>": 0 }],
])("createClipTokenizer() rejects a vocabulary that is %s", (_, vocabulary) => {
  expect(() => createClipTokenizer(vocabulary, fixture.merges)).toThrowError(
    expect.objectContaining({ name: "FileFormat" }) as Error,
  );
});

test("createClipTokenizer() names the broken line of the merges", () => {
  expect(() => createClipTokenizer(fixture.vocabulary, "#version: 0.2\na b\nabc\n")).toThrowError(/Line 3/);
});
