// The form's fields as data: ranges, pasted sizes, stored junk, and the way to a request and back.

import { expect, test } from "vitest";
import {
  INITIAL_RECIPE,
  MAX_SEED,
  RANDOM_SEED,
  RANGES,
  fitNumber,
  fromRequest,
  parseSize,
  sanitiseRecipe,
  toRequest,
  withinFixed,
} from "../../../src/ui/recipe.ts";

test("withinFixed() leaves only what a model was published for", () => {
  const recipe = { ...INITIAL_RECIPE, width: 512, height: 768, batchSize: 4 };
  expect(withinFixed(recipe, undefined)).toBe(recipe);
  expect(withinFixed(recipe, { width: 512, height: 512, batch: 2 })).toMatchObject({
    width: 512,
    height: 512,
    batchSize: 2,
  });
  expect(withinFixed(recipe, { batch: 8 })).toEqual(recipe);
});

test("fitNumber() keeps values inside their range and on their grid", () => {
  expect(fitNumber(500, RANGES.width, 256)).toBe(504);
  expect(fitNumber(9999, RANGES.width, 256)).toBe(1024);
  expect(fitNumber(0, RANGES.steps, 20)).toBe(1);
  expect(fitNumber(Number.NaN, RANGES.steps, 20)).toBe(20);
  expect(fitNumber(7.3, RANGES.guidanceScale, 7)).toBe(7.3);
});

test("parseSize() reads sizes as people paste them, and nothing else", () => {
  expect(parseSize("768x1024")).toEqual({ width: 768, height: 1024 });
  expect(parseSize(" 640 × 480 ")).toEqual({ width: 640, height: 480 });
  expect(parseSize("512")).toBeUndefined();
  expect(parseSize("a 512x512 picture")).toBeUndefined();
});

const LORA = { modelId: "style", unetWeight: 0.5, textWeight: 1 };

test("sanitiseRecipe() survives stored values of the wrong type", () => {
  const recipe = sanitiseRecipe(
    {
      prompt: "a boat",
      steps: "many",
      width: 123.4,
      seed: -50,
      extra: 1,
      loras: [LORA, { modelId: 3 }, null],
    },
    INITIAL_RECIPE,
  );
  expect(recipe).toEqual({
    ...INITIAL_RECIPE,
    prompt: "a boat",
    width: 120,
    seed: RANDOM_SEED,
    loras: [LORA],
  });
  expect(sanitiseRecipe({ loras: { length: 1 } }, INITIAL_RECIPE).loras).toEqual([]);
});

const CHOICES = { noiseSource: "cpu", preview: true } as const;

test("toRequest() draws a seed only when the recipe has none", () => {
  expect(toRequest({ ...INITIAL_RECIPE, seed: 42 }, CHOICES).seed).toBe(42);
  const seeds = Array.from({ length: 20 }, () => toRequest(INITIAL_RECIPE, CHOICES).seed);
  expect(seeds.every((seed) => Number.isInteger(seed) && seed >= 0 && seed <= MAX_SEED)).toBe(true);
  expect(new Set(seeds).size).toBeGreaterThan(15);
});

test("toRequest() leaves out LoRAs that are off, what the form alone needs, and an empty VAE", () => {
  const loras = [
    { ...LORA, separate: true },
    { ...LORA, modelId: "other", off: true },
  ];
  const request = toRequest({ ...INITIAL_RECIPE, loras }, CHOICES);
  expect(request.loras).toEqual([LORA]);
  expect("vaeId" in request).toBe(false);
  expect(toRequest({ ...INITIAL_RECIPE, vaeId: "mse" }, CHOICES).vaeId).toBe("mse");
});

test("fromRequest() gives back what one picture was made with", () => {
  const recipe = { ...INITIAL_RECIPE, prompt: "a boat", loras: [LORA], steps: 9, batchCount: 4, seed: 7 };
  expect({ ...INITIAL_RECIPE, ...fromRequest(toRequest(recipe, CHOICES), 9) }).toEqual({
    ...recipe,
    seed: 9,
    batchCount: 1,
  });
});
