// Infotext: the grammar's corner cases, texts of other programs, and the way from a request to text and back.

import { describe, expect, test } from "vitest";
import { pictureInfotext, recipeFromInfotext } from "../../../src/imaging/infotext-recipe.ts";
import { formatInfotext, parseInfotext } from "../../../src/imaging/infotext.ts";
import type { GenerationRequest } from "../../../src/protocol/generation-request.ts";

const A1111_TEXT = `masterpiece, best quality, (lighthouse:1.2), sea
second line, [soft], BREAK third
Negative prompt: lowres, bad anatomy
blurry
Steps: 28, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 7, Seed: 3512318434, Size: 512x768, Model hash: 6ce0161689, Model: v1-5-pruned-emaonly, Denoising strength: 0.7, Clip skip: 2, RNG: CPU, Hires upscale: 2, Hires upscaler: "Latent (bicubic, antialiased)", Lora hashes: "style: 0123456789ab, detail: ba9876543210", ControlNet 0: "Module: canny, Model: control_v11p_sd15_canny, Weight: 1.0", Version: v1.10.1`;

test("parseInfotext() reads what A1111 writes", () => {
  const { prompt, negativePrompt, parameters } = parseInfotext(A1111_TEXT);
  expect(prompt).toBe("masterpiece, best quality, (lighthouse:1.2), sea\nsecond line, [soft], BREAK third");
  expect(negativePrompt).toBe("lowres, bad anatomy\nblurry");
  const values = new Map(parameters);
  expect(values.size).toBe(16);
  expect(values.get("Sampler")).toBe("DPM++ 2M");
  expect(values.get("Hires upscaler")).toBe("Latent (bicubic, antialiased)");
  expect(values.get("Lora hashes")).toBe("style: 0123456789ab, detail: ba9876543210");
  expect(values.get("ControlNet 0")).toContain("Module: canny");
  expect(values.get("Version")).toBe("v1.10.1");
});

test("formatInfotext() writes back exactly what was read, unknown keys included", () => {
  expect(formatInfotext(parseInfotext(A1111_TEXT))).toBe(A1111_TEXT);
});

const PARAMETERS = [
  ["Steps", "1"],
  ["Sampler", "Euler"],
  ["Seed", "0"],
] as const;

describe("write, read, write changes nothing", () => {
  test.each([
    ["plain", "a cat", "a dog", "x"],
    ["empty prompts", "", "", "x"],
    ["only a negative prompt", "", "bad", "x"],
    ["several lines", "one\ntwo\n\nfour", "five\nsix", "x"],
    ["outer spaces and newlines", "  a \n", " b\n ", "x"],
    ["a negative prompt that starts with a newline", "a", "\nb", "x"],
    ["colons and commas in the prompt", "Steps: 3, Sampler: x, Seed: 4", "Size: 1x1, a: b, c: d", "x"],
    ["a value with a comma", "a", "b", "one, two"],
    ["a value with a colon", "a", "b", "one: two"],
    ["a value with quotes", "a", "b", 'say "hi", now'],
    ["a value that starts with a quote", "a", "b", '"quoted"'],
    ["a value with a newline", "a", "b", "one\ntwo"],
    ["a value with outer spaces", "a", "b", " x "],
    ["a JSON value", "a", "b", '[{"type":"lora","weight":0.8},{"a":"]"}]'],
    ["an empty value", "a", "b", ""],
    ["a backslash", "\\(a\\)", "b\\", "C:\\models"],
    ["any script", "маяк 灯台 😀", "ñ", "модель, 2"],
  ])("%s", (_, prompt, negativePrompt, value) => {
    const infotext = { prompt, negativePrompt, parameters: [...PARAMETERS, ["Model", value] as const] };
    const text = formatInfotext(infotext);
    expect(parseInfotext(text)).toEqual(infotext);
    expect(formatInfotext(parseInfotext(text))).toBe(text);
  });
});

test("parseInfotext() takes a text without parameters for a prompt", () => {
  expect(parseInfotext("a cat, sitting: nicely")).toEqual({
    prompt: "a cat, sitting: nicely",
    negativePrompt: "",
    parameters: [],
  });
  expect(parseInfotext("a (cat:1.2), (dog:1.3), (bird:1.1)").parameters).toEqual([]);
  expect(parseInfotext("")).toEqual({ prompt: "", negativePrompt: "", parameters: [] });
});

test("parseInfotext() reads unquoted JSON values, as model sites write them", () => {
  const text =
    'a\nSteps: 25, CFG scale: 4, Sampler: Undefined, Civitai resources: [{"type":"checkpoint","modelVersionId":1,"modelName":"x, y]"}], Civitai metadata: {}';
  const values = new Map(parseInfotext(text).parameters);
  expect(values.get("Civitai resources")).toBe(
    '[{"type":"checkpoint","modelVersionId":1,"modelName":"x, y]"}]',
  );
  expect(values.get("Civitai metadata")).toBe("{}");
});

test("parseInfotext() takes line ends of Windows and trailing newlines", () => {
  const infotext = parseInfotext("a\r\nNegative prompt: b\r\nSteps: 1, Sampler: Euler, Seed: 2\r\n");
  expect(infotext).toMatchObject({ prompt: "a", negativePrompt: "b" });
  expect(infotext.parameters).toHaveLength(3);
});

test.each(["a:[,", 'a b:",', "a b: {[,", "x,", ": "])(
  "parseInfotext() survives %j a hundred thousand times",
  (part) => {
    const started = performance.now();
    parseInfotext(part.repeat(100_000));
    expect(performance.now() - started).toBeLessThan(2000);
  },
);

const request: GenerationRequest = {
  prompt: "a red lighthouse",
  negativePrompt: "fog",
  modelId: "kiln-small",
  loras: [],
  width: 256,
  height: 320,
  steps: 12,
  guidanceScale: 5.5,
  sampler: "DPM++ 2M",
  schedule: "Karras",
  seed: 42,
  batchCount: 2,
  batchSize: 2,
  clipSkip: 2,
  noiseSource: "cpu",
  preview: true,
};
const facts = {
  request,
  seed: 44,
  modelName: "Kiln Small",
  modelSha256: "0123456789abcdef",
  loras: [],
  version: "Kiln 0.1.0",
};

test("pictureInfotext() writes A1111's keys in A1111's order", () => {
  expect(formatInfotext(pictureInfotext(facts))).toBe(
    "a red lighthouse\nNegative prompt: fog\n" +
      "Steps: 12, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 5.5, Seed: 44, Size: 256x320, " +
      "Model hash: 0123456789, Model: Kiln Small, Clip skip: 2, RNG: CPU, Version: Kiln 0.1.0",
  );
});

test("recipeFromInfotext() gives back what pictureInfotext() told", () => {
  expect(recipeFromInfotext(parseInfotext(formatInfotext(pictureInfotext(facts))))).toEqual({
    prompt: "a red lighthouse",
    negativePrompt: "fog",
    width: 256,
    height: 320,
    steps: 12,
    guidanceScale: 5.5,
    sampler: "DPM++ 2M",
    schedule: "Karras",
    seed: 44,
    clipSkip: 2,
    noiseSource: "cpu",
    modelName: "Kiln Small",
    modelHash: "0123456789",
  });
});

test("recipeFromInfotext() divides the sampler names of old versions", () => {
  const recipe = recipeFromInfotext(
    parseInfotext("a\nSteps: 20, Sampler: DPM++ 2M Karras, CFG scale: 7, Seed: 1, Size: 512x512"),
  );
  expect(recipe).toMatchObject({ sampler: "DPM++ 2M", schedule: "Karras", clipSkip: 1, noiseSource: "nv" });
  expect(recipe.modelName).toBeUndefined();
});

test("recipeFromInfotext() leaves out what makes no sense", () => {
  const text = "a\nSteps: many, Sampler: Euler, CFG scale: , Seed: -1, Size: big, RNG: dice, Clip skip: 0";
  expect(recipeFromInfotext(parseInfotext(text))).toEqual({
    prompt: "a",
    negativePrompt: "",
    sampler: "Euler",
    schedule: "Automatic",
    clipSkip: 1,
  });
  expect(recipeFromInfotext(parseInfotext("only a prompt"))).toEqual({
    prompt: "only a prompt",
    negativePrompt: "",
  });
});
