// What a request may ask, and what it is told when it asks for more.

import { expect, test } from "vitest";
import { validateRequest } from "../../../src/pipeline/validate-request.ts";
import type { GenerationRequest, LoraUse } from "../../../src/protocol/generation-request.ts";
import { tinyRequest } from "../../support/tiny-request.ts";

const lora = (changes: Partial<LoraUse>): LoraUse => ({
  modelId: "style",
  unetWeight: 1,
  textWeight: 1,
  ...changes,
});

test.each<[string, Partial<GenerationRequest>]>([
  ["an empty prompt", { prompt: "", negativePrompt: "" }],
  ["a prompt of more than 10,000 characters", { prompt: "a red house, ".repeat(1000) }],
  ["the smallest and the largest size", { width: 64, height: 2048 }],
  ["sizes that are multiples of 8 only", { width: 520, height: 536 }],
  ["one step without guidance", { steps: 1, guidanceScale: 1 }],
  ["the largest seed", { seed: 2 ** 32 - 1 }],
  ["seven LoRAs of either sign", { loras: Array.from({ length: 7 }, (_, i) => lora({ unetWeight: i - 3 })) }],
  ["a named schedule", { schedule: "Karras", sampler: "DPM++ 2M SDE" }],
])("accepts %s", (_, changes) => {
  expect(() => validateRequest(tinyRequest(changes))).not.toThrow();
});

test.each<[string, Partial<Record<keyof GenerationRequest, unknown>>, { where: string; got: string }]>([
  ["steps of 0", { steps: 0 }, { where: "steps", got: "0" }],
  ["steps above 150", { steps: 151 }, { where: "steps", got: "151" }],
  ["half a step", { steps: 2.5 }, { where: "steps", got: "2.5" }],
  ["a width that is no multiple of 8", { width: 250 }, { where: "width", got: "250" }],
  ["a height below 64", { height: 56 }, { where: "height", got: "56" }],
  ["a height above 2048", { height: 2056 }, { where: "height", got: "2056" }],
  ["guidance that is not a number", { guidanceScale: NaN }, { where: "guidanceScale", got: "NaN" }],
  ["guidance below 1", { guidanceScale: 0.5 }, { where: "guidanceScale", got: "0.5" }],
  ["an unknown sampler", { sampler: "Magic" }, { where: "sampler", got: "Magic" }],
  ["an unknown schedule", { schedule: "karras" }, { where: "schedule", got: "karras" }],
  ["a negative seed", { seed: -1 }, { where: "seed", got: "-1" }],
  ["a seed of 33 bits", { seed: 2 ** 32 }, { where: "seed", got: "4294967296" }],
  ["no batch", { batchCount: 0 }, { where: "batchCount", got: "0" }],
  ["a batch of 9", { batchSize: 9 }, { where: "batchSize", got: "9" }],
  ["clip skip 0", { clipSkip: 0 }, { where: "clipSkip", got: "0" }],
  ["another noise source", { noiseSource: "gpu" }, { where: "noiseSource", got: "gpu" }],
  ["LoRAs that are no list", { loras: null }, { where: "loras", got: "null" }],
  ["a LoRA without a model", { loras: [lora({ modelId: "" })] }, { where: "loras[0].modelId", got: "" }],
  [
    "a LoRA of endless strength",
    { loras: [lora({}), lora({ unetWeight: Infinity })] },
    { where: "loras[1].unetWeight", got: "Infinity" },
  ],
  [
    "a LoRA beyond 10",
    { loras: [lora({ textWeight: -10.5 })] },
    { where: "loras[0].textWeight", got: "-10.5" },
  ],
  ["65 LoRAs", { loras: Array.from({ length: 65 }, () => lora({})) }, { where: "loras", got: "65" }],
  ["no model", { modelId: "" }, { where: "modelId", got: "" }],
  ["a prompt that is no text", { prompt: undefined }, { where: "prompt", got: "undefined" }],
  ["a book as a prompt", { prompt: "a".repeat(100_001) }, { where: "prompt", got: "100,001 characters" }],
])("refuses %s and says what was expected", (_, changes, details) => {
  const request = { ...tinyRequest(), ...changes } as GenerationRequest;
  let caught: unknown;
  try {
    validateRequest(request);
  } catch (error) {
    caught = error;
  }
  expect(caught).toMatchObject({ name: "InvalidRequest", details });
  expect((caught as { details: { expected: string } }).details.expected).not.toBe("");
});

test("names the samplers there are", () => {
  expect(() => validateRequest(tinyRequest({ sampler: "Magic" }))).toThrow(/DPM\+\+ 2M, .*Euler a/);
});
