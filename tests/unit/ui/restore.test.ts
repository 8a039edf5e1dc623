// From infotext to fields of the form: models by hash, values brought into range, what is no infotext left alone.

import { expect, test } from "vitest";
import type { ModelRecord } from "../../../src/protocol/library-api.ts";
import { readRestorable } from "../../../src/ui/restore.ts";
import { SMALL_MODEL } from "../../support/ui-fakes.ts";

const OTHER = {
  ...SMALL_MODEL,
  id: "other",
  name: "Other",
  sha256: "ffff0000".padEnd(64, "1"),
  fileName: "dream.safetensors",
};
const MODELS = [SMALL_MODEL, OTHER];

function infotext(extra: string): string {
  return `a boat\nNegative prompt: rain\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 5, Size: 512x768${extra}`;
}

test("readRestorable() takes over every field of the form", () => {
  const found = readRestorable(infotext(", Clip skip: 2, Model hash: ffff000011, Model: whatever"), MODELS);
  expect(found?.fields).toEqual({
    prompt: "a boat",
    negativePrompt: "rain",
    modelId: "other",
    loras: [],
    vaeId: "",
    width: 512,
    height: 768,
    steps: 20,
    guidanceScale: 7,
    sampler: "Euler a",
    schedule: "Automatic",
    seed: 5,
    clipSkip: 2,
  });
  expect(found?.missingModel).toBeUndefined();
});

test("readRestorable() finds a model by its file's name when there is no hash", () => {
  expect(readRestorable(infotext(", Model: dream"), MODELS)?.fields.modelId).toBe("other");
});

test("readRestorable() names a model that is not here, even when another has its name", () => {
  const found = readRestorable(infotext(", Model hash: 0000000000, Model: Other"), MODELS);
  expect(found?.fields.modelId).toBeUndefined();
  expect(found?.missingModel).toBe("Other");
});

const VAE: ModelRecord = {
  ...SMALL_MODEL,
  id: "mse",
  name: "Mse",
  type: "vae",
  sha256: "abcdef0123".padEnd(64, "2"),
  fileName: "vae-ft-mse.safetensors",
};

test.each([
  [", VAE hash: abcdef0123, VAE: renamed.pt", { vaeId: "mse" }, undefined],
  [", VAE: vae-ft-mse.ckpt", { vaeId: "mse" }, undefined],
  [", VAE hash: 0000000000, VAE: gone.pt", { vaeId: "" }, "gone.pt"],
  [", VAE: Automatic", { vaeId: "" }, undefined],
  [", VAE: Other", { vaeId: "" }, "Other"],
])("readRestorable() finds the VAE of %s", (extra, fields, missing) => {
  const found = readRestorable(infotext(extra), [...MODELS, VAE]);
  expect(found?.fields).toMatchObject(fields);
  expect(found?.missingVae).toBe(missing);
});

const INK: ModelRecord = {
  ...SMALL_MODEL,
  id: "ink id",
  name: "Ink Lines",
  type: "lora",
  sha256: "1111222233".padEnd(64, "3"),
  fileName: "ink-v2.safetensors",
};

test.each([
  ["<lora:ink-v2:0.5>", "<lora:ink-v2:0.5>", []],
  ["<lora:Ink Lines:0.5:1>", "<lora:Ink Lines:0.5:1>", []],
  ["<lora:ink:0.5>, <lora:gone:1>", "<lora:ink-v2:0.5>, <lora:gone:1>", ["gone"]],
  ["<lora:whole:te=1>", "<lora:ink-v2:te=1>", []],
  ["<lora::nothing", "<lora::nothing", []],
])("readRestorable() finds the LoRAs of %s by name, else by hash", (tags, expected, missing) => {
  const text = infotext(', Lora hashes: "ink: aaaabbbbcccc, gone: 000000000000, whole: 1111222233"');
  const hashes = new Map([["ink id", "aaaabbbbcccc"]]);
  const found = readRestorable(text.replace("a boat", `a boat ${tags}`), [...MODELS, INK], hashes);
  expect(found?.fields).toMatchObject({ prompt: `a boat ${expected}`, loras: [] });
  expect(found?.missingLoras).toEqual(missing);
});

test("readRestorable() brings values into the ranges of the form", () => {
  const found = readRestorable(
    "x\nSteps: 900, Sampler: Euler, CFG scale: 99, Seed: 1, Size: 4096x100",
    MODELS,
  );
  expect(found?.fields).toMatchObject({ steps: 150, guidanceScale: 30, width: 1024, height: 104 });
});

test("readRestorable() takes plain text for what it is", () => {
  expect(readRestorable("a boat: red, small", MODELS)).toBeUndefined();
});
