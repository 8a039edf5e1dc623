// LoRA tags as A1111 reads them, and what is wrong with those it would stumble over.

import { describe, expect, test } from "vitest";
import { formatLoraTag, parseLoraTags } from "../../../src/prompt/lora-tags.ts";

const one = (prompt: string) => parseLoraTags(prompt).tags[0];

test("parseLoraTags() takes the tags out of the text and keeps their order", () => {
  expect(parseLoraTags("a cat <lora:add detail v1.2:0.8>, (soft:1.2)<lyco:Ink_Style:-0.5:1> [x|y]")).toEqual({
    text: "a cat , (soft:1.2) [x|y]",
    tags: [
      { name: "add detail v1.2", textWeight: 0.8, unetWeight: 0.8 },
      { name: "Ink_Style", textWeight: -0.5, unetWeight: 1 },
    ],
  });
});

test.each([
  ["<lora:a>", 1, 1],
  ["<lora:a:0.5>", 0.5, 0.5],
  ["<lora:a:.5:0>", 0.5, 0],
  ["<lora:a: 1 : -2 >", 1, -2],
  ["<lora:a:unet=0.3>", 1, 0.3],
  ["<lora:a:te=0.2>", 0.2, 0.2],
  ["<lora:a:0.5:te=0.2>", 0.2, 0.2],
  ["<lora:a:te=0:unet=1>", 0, 1],
  ["<lora:a:1:0.5:8>", 1, 0.5],
  ["<LORA:a:1e-1>", 0.1, 0.1],
])("%s means %d for the text encoder and %d for the UNet", (tag, textWeight, unetWeight) => {
  expect(one(tag)).toEqual({ name: "a", textWeight, unetWeight });
});

test.each(["a <b> c", "<hypernet:x:1>", "<lora>", "<lora:", "a < lora:b:1 >", "<loras:a:1>"])(
  "%s holds no LoRA tag",
  (prompt) => {
    expect(parseLoraTags(prompt)).toEqual({ text: prompt, tags: [] });
  },
);

describe("a tag that means nothing is an error that shows it", () => {
  test.each([
    ["a <lora:style:strong>", "<lora:style:strong>", '"strong"'],
    ["<lora:style:>", "<lora:style:>", '""'],
    ["<lora:style:1:unet=>", "<lora:style:1:unet=>", '""'],
    ["<lora: :1>", "<lora: :1>", "nothing"],
    ["<lora:style:Infinity>", "<lora:style:Infinity>", '"Infinity"'],
  ])("%s", (prompt, tag, got) => {
    expect(() => parseLoraTags(prompt)).toThrowError(
      expect.objectContaining({ name: "InvalidRequest", message: expect.stringContaining(tag) as string }),
    );
    expect(() => parseLoraTags(prompt)).toThrowError(
      expect.objectContaining({ details: expect.objectContaining({ where: "prompt", got }) as object }),
    );
  });
});

test("formatLoraTag() writes what parseLoraTags() reads", () => {
  for (const tag of [
    { name: "ink style", textWeight: 0.8, unetWeight: 0.8 },
    { name: "a.b", textWeight: 0, unetWeight: -1.25 },
  ]) {
    expect(one(formatLoraTag(tag))).toEqual(tag);
  }
  expect(formatLoraTag({ name: "x", textWeight: 1, unetWeight: 1 })).toBe("<lora:x:1>");
});
