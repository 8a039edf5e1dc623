// Prompts to conditioning over a toy text encoder: chunks are joined, weights applied, absurd lengths refused.

import { describe, expect, test } from "vitest";
import type { TextEncoder } from "../../../src/pipeline/components.ts";
import { countPromptTokens, encodePrompt } from "../../../src/pipeline/conditioning.ts";
import { createClipTokenizer } from "../../../src/prompt/clip-tokenizer.ts";
import { tinyVocabulary } from "../../support/tiny-vocabulary.ts";

const tokenizer = createClipTokenizer(tinyVocabulary.vocabJson, tinyVocabulary.mergesText);
const [A, B] = tokenizer.encode("a b");

/** Two values per token: its id, and the number of the call. */
function toyEncoder(): TextEncoder & { readonly skips: number[] } {
  const skips: number[] = [];
  return {
    width: 2,
    skips,
    encode(ids, clipSkip) {
      skips.push(clipSkip);
      const call = skips.length;
      return Promise.resolve({ hidden: Float32Array.from(Array.from(ids).flatMap((id) => [id, call])) });
    },
  };
}

describe("encodePrompt()", () => {
  test("an empty prompt is one chunk", async () => {
    const { tokens, width, context } = await encodePrompt("", "prompt", tokenizer, toyEncoder(), 1);
    expect([tokens, width, context.length]).toEqual([77, 2, 154]);
    expect(context[0]).toBe(tokenizer.start);
    expect(context[2]).toBe(tokenizer.end);
  });

  test("joins the chunks of a long prompt in order and passes clip skip on", async () => {
    const encoder = toyEncoder();
    const { tokens, context } = await encodePrompt(
      `${"a ".repeat(75)}${"b ".repeat(10)}`,
      "prompt",
      tokenizer,
      encoder,
      2,
    );
    expect(tokens).toBe(154);
    expect(encoder.skips).toEqual([2, 2]);
    expect([context[2], context[3]]).toEqual([A, 1]);
    expect([context[2 * 78], context[2 * 78 + 1]]).toEqual([B, 2]);
  });

  test("weights move a token against the others and keep the chunk's mean", async () => {
    const plain = await encodePrompt("a b", "prompt", tokenizer, toyEncoder(), 1);
    const weighted = await encodePrompt("a (b:2)", "prompt", tokenizer, toyEncoder(), 1);
    const mean = (values: Float32Array): number =>
      values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(mean(weighted.context)).toBeCloseTo(mean(plain.context), 3);
    const ratio = (context: Float32Array): number => context[5] / context[3]; // b's call number over a's
    expect(ratio(weighted.context)).toBeCloseTo(2);
  });

  test("10,000 characters are fine, too many chunks are refused with numbers", async () => {
    const long = "houses by the sea, ".repeat(110);
    expect(long.length).toBeGreaterThan(2000);
    const { tokens } = await encodePrompt(long, "prompt", tokenizer, toyEncoder(), 1);
    expect(tokens).toBeGreaterThan(77);
    const tooLong = encodePrompt("a ".repeat(10_000), "negativePrompt", tokenizer, toyEncoder(), 1);
    await expect(tooLong).rejects.toMatchObject({
      name: "InvalidRequest",
      details: { where: "negativePrompt", expected: "at most 32 chunks", got: "134 chunks" },
    });
  });
});

test("countPromptTokens() tells tokens and room", () => {
  expect(countPromptTokens(tokenizer, "a b a")).toEqual({ tokens: 3, capacity: 75 });
  expect(countPromptTokens(tokenizer, "a ".repeat(76))).toEqual({ tokens: 76, capacity: 150 });
});
