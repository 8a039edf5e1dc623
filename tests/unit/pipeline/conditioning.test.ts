// Prompts to conditioning over a toy text encoder: chunks are joined, weights applied, absurd lengths refused.

import { describe, expect, test } from "vitest";
import type { TextEncoder } from "../../../src/pipeline/components.ts";
import {
  countPromptTokens,
  encodePrompts,
  zeroed,
  type EncodedPrompt,
} from "../../../src/pipeline/conditioning.ts";
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

/** The one text's conditioning by one encoder. */
async function encode(
  text: string,
  encoder: TextEncoder = toyEncoder(),
  clipSkip = 1,
): Promise<EncodedPrompt> {
  const [encoded] = await encodePrompts([{ text, field: "prompt" }], [{ tokenizer, encoder }], clipSkip);
  return encoded;
}

describe("encodePrompts()", () => {
  test("an empty prompt is one chunk", async () => {
    const { tokens, width, context } = await encode("");
    expect([tokens, width, context.length]).toEqual([77, 2, 154]);
    expect(context[0]).toBe(tokenizer.start);
    expect(context[2]).toBe(tokenizer.end);
  });

  test("joins the chunks of a long prompt in order and passes clip skip on", async () => {
    const encoder = toyEncoder();
    const { tokens, context } = await encode(`${"a ".repeat(75)}${"b ".repeat(10)}`, encoder, 2);
    expect(tokens).toBe(154);
    expect(encoder.skips).toEqual([2, 2]);
    expect([context[2], context[3]]).toEqual([A, 1]);
    expect([context[2 * 78], context[2 * 78 + 1]]).toEqual([B, 2]);
  });

  test("weights move a token against the others and keep the chunk's mean", async () => {
    const plain = await encode("a b");
    const weighted = await encode("a (b:2)");
    const mean = (values: Float32Array): number =>
      values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(mean(weighted.context)).toBeCloseTo(mean(plain.context), 3);
    const ratio = (context: Float32Array): number => context[5] / context[3]; // b's call number over a's
    expect(ratio(weighted.context)).toBeCloseTo(2);
  });

  test("puts two encoders side by side, each with its padding, and takes the first chunk's pooled prompt", async () => {
    const order: string[] = [];
    const named = (name: string, width: number, pools: boolean): TextEncoder => ({
      width,
      encode(ids) {
        order.push(name);
        const hidden = Float32Array.from(Array.from(ids).flatMap((id) => new Array<number>(width).fill(id)));
        return Promise.resolve({ hidden, ...(pools && { pooled: Float32Array.of(order.length) }) });
      },
    });
    const encoders = [
      { tokenizer, encoder: named("l", 1, false) },
      { tokenizer: { ...tokenizer, pad: 0 }, encoder: named("g", 2, true) },
    ];
    const [short, long] = await encodePrompts(
      [
        { text: "a", field: "prompt" },
        { text: "b ".repeat(80), field: "negativePrompt" },
      ],
      encoders,
      1,
    );
    expect(order).toEqual(["l", "l", "l", "g", "g", "g"]);
    expect([short.width, short.tokens, long.tokens]).toEqual([3, 77, 154]);
    expect([...short.context.subarray(3, 12)]).toEqual([
      A,
      A,
      A,
      ...new Array<number>(3).fill(tokenizer.end),
      tokenizer.end,
      0,
      0,
    ]);
    expect([short.pooled, long.pooled]).toEqual([Float32Array.of(4), Float32Array.of(5)]);
    const zero = zeroed(short);
    expect(zero).toMatchObject({ tokens: 77, width: 3 });
    expect([...zero.context, ...zero.pooled!].every((value) => value === 0)).toBe(true);
  });

  test("10,000 characters are fine, too many chunks are refused with numbers", async () => {
    const long = "houses by the sea, ".repeat(110);
    expect(long.length).toBeGreaterThan(2000);
    const { tokens } = await encode(long);
    expect(tokens).toBeGreaterThan(77);
    const tooLong = encodePrompts(
      [{ text: "a ".repeat(10_000), field: "negativePrompt" }],
      [{ tokenizer, encoder: toyEncoder() }],
      1,
    );
    await expect(tooLong).rejects.toMatchObject({
      name: "InvalidRequest",
      details: { where: "negativePrompt", expected: "at most 32 chunks", got: "134 chunks" },
    });
  });
});

test("countPromptTokens() tells tokens and room", () => {
  expect(countPromptTokens(tokenizer, "a b a")).toEqual({ tokens: 3, capacity: 75 });
  expect(countPromptTokens(tokenizer, "a ".repeat(76))).toEqual({ tokens: 76, capacity: 150 });
  // A schedule takes as much room as its longest text.
  expect(countPromptTokens(tokenizer, "a [b:b b b:5]")).toEqual({ tokens: 4, capacity: 75 });
});
