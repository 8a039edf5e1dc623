// Names and tags as they are put into prompts.

import { expect, test } from "vitest";
import { parseLoraTags } from "../../../src/prompt/lora-tags.ts";
import { callName, loraTag, withInsertion } from "../../../src/ui/prompt-names.ts";
import { SMALL_MODEL } from "../../support/ui-fakes.ts";

const record = { ...SMALL_MODEL, fileName: "My style.v2.safetensors" };

test("a model is called by its file's name without the extension", () => {
  expect(callName(record)).toBe("My style.v2");
});

test.each([
  [0.8, 0.8, "<lora:My style.v2:0.8>"],
  [1, -0.5, "<lora:My style.v2:1:-0.5>"],
])("a tag reads back as it was written (%f, %f)", (textWeight, unetWeight, tag) => {
  expect(loraTag(record, { modelId: "x", textWeight, unetWeight })).toBe(tag);
  expect(parseLoraTags(tag).tags).toEqual([{ name: "My style.v2", textWeight, unetWeight }]);
});

test("an insertion stands behind a comma", () => {
  expect(withInsertion("", "cat")).toBe("cat");
  expect(withInsertion("a boat ", "cat")).toBe("a boat, cat");
  expect(withInsertion("a boat,", "cat")).toBe("a boat, cat");
});
