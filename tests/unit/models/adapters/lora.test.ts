// LoRA files are recognised by names and shapes: every published naming over full-size models, and files that are refused.

import { expect, test } from "vitest";
import { adapterTargets } from "../../../../src/models/adapters/adapter-targets.ts";
import { readDelta, readLora } from "../../../../src/models/adapters/lora.ts";
import { mergedWeight } from "../../../../src/models/adapters/merged-weight.ts";
import { detectModel } from "../../../../src/models/detect-model.ts";
import type { AppError } from "../../../../src/protocol/app-error.ts";
import { isAppError } from "../../../../src/protocol/app-error.ts";
import { memorySource } from "../../../../src/weights/memory-source.ts";
import { openSafetensors } from "../../../../src/weights/safetensors.ts";
import { writeSafetensors } from "../../../../src/weights/write-safetensors.ts";
import type { HeaderDescription } from "../../../support/header-only.ts";
import { headerFixture, headerOnlyCheckpoint } from "../../../support/header-only.ts";

const detect = (name: string) =>
  detectModel(headerOnlyCheckpoint(headerFixture(name), `${name}.safetensors`));
const sd15 = detect("stable-diffusion-1-5");
const sdxl = detect("stable-diffusion-xl-base");

const DOWN = "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k";
const KEY = "model.diffusion_model.input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight";
const pair = (module: string, rank: number, inputs: number, outputs: number): HeaderDescription =>
  new Map([
    [`${module}.lora_down.weight`, ["F16", [rank, inputs]]],
    [`${module}.lora_up.weight`, ["F16", [outputs, rank]]],
  ]);

function failure(tensors: HeaderDescription, model = sd15): AppError {
  try {
    readLora(headerOnlyCheckpoint(tensors, "style.safetensors"), model);
  } catch (error) {
    if (isAppError(error)) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

// Diffusers' file of the same network under the same prefix is renamed by code that knows nothing of adapters.
test.each([
  ["stable-diffusion-xl-base", "stable-diffusion-xl-base-diffusers"],
  ["stable-diffusion-2-1", "stable-diffusion-2-1-diffusers"],
])("every matrix of %s has the name that Diffusers gives it", (original, diffusers) => {
  const find = adapterTargets(detect(original));
  const own = detect(diffusers).checkpoint;
  let count = 0;
  for (const [key, tensor] of own.tensors) {
    if (!key.startsWith("model.diffusion_model.") || !key.endsWith(".weight") || tensor.shape.length < 2)
      continue;
    const module = tensor.key
      .slice(0, -".weight".length)
      .replaceAll(".", "_")
      .replace(/^unet_/, "");
    expect(find(`lora_unet_${module}`)?.weight.key, tensor.key).toBe(key);
    expect(find(`unet_${module}`)?.weight.key, tensor.key).toBe(key);
    count++;
  }
  expect(count).toBeGreaterThan(200);
});

test.each([
  [sd15, DOWN, KEY],
  [sd15, DOWN.replace("lora_unet_down_blocks_0_attentions_0", "lora_unet_input_blocks_1_1"), KEY],
  [sd15, "unet.down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k", KEY],
  [sd15, "diffusion_model.input_blocks.1.1.transformer_blocks.0.attn2.to_k", KEY],
  [sd15, "base_model.model.down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k", KEY],
])("case %#: %s names are understood", (model, module, key) => {
  const lora = readLora(headerOnlyCheckpoint(pair(module, 4, 768, 320)), model);
  expect([...lora.patches.keys()]).toEqual([key]);
  expect(lora.unmatched).toEqual([]);
});

test("the processors' names of early Diffusers files are understood", () => {
  const module = "down_blocks.0.attentions.0.transformer_blocks.0.attn1.processor.to_out_lora";
  const tensors: HeaderDescription = new Map([
    [`${module}.down.weight`, ["F32", [4, 320]]],
    [`${module}.up.weight`, ["F32", [320, 4]]],
  ]);
  const { patches } = readLora(headerOnlyCheckpoint(tensors), sd15);
  expect([...patches.keys()]).toEqual([
    "model.diffusion_model.input_blocks.1.1.transformer_blocks.0.attn1.to_out.0.weight",
  ]);
});

test("adapters of OpenCLIP's projections are of rows of its fused weight", () => {
  const tensors = new Map(
    ["q", "k", "v", "out"].flatMap((name) => [
      ...pair(`lora_te2_text_model_encoder_layers_31_self_attn_${name}_proj`, 4, 1280, 1280),
    ]),
  );
  const { patches } = readLora(headerOnlyCheckpoint(tensors), sdxl);
  const block = "conditioner.embedders.1.model.transformer.resblocks.31.attn";
  expect([...patches.keys()]).toEqual([`${block}.in_proj_weight`, `${block}.out_proj.weight`]);
  expect(patches.get(`${block}.in_proj_weight`)!.map(({ target }) => target.rows)).toEqual([
    [0, 1280],
    [1280, 2560],
    [2560, 3840],
  ]);
});

test("layers that conditioning leaves out are no fault of the file", () => {
  const tensors = pair("lora_te1_text_model_encoder_layers_11_mlp_fc1", 4, 768, 3072);
  expect(readLora(headerOnlyCheckpoint(tensors), sdxl).unmatched).toEqual([]);
});

test("a delta changes its rows and no others", () => {
  const addTo = (weight: Float32Array, factor: number): void =>
    weight.forEach((_, i) => (weight[i] += factor));
  const base = Float32Array.of(1, 2, 3, 4, 5, 6);
  const parts = [{ delta: { rows: [1, 2], addTo } as const, strength: 0.5 }];
  expect(mergedWeight(base, [3, 2], parts)).toEqual(Float32Array.of(1, 2, 3.5, 4.5, 5, 6));
  expect(base[2]).toBe(3);
});

test("keys that mean nothing here are listed", () => {
  const tensors = pair(DOWN, 4, 768, 320);
  tensors.set("lora_unet_nothing.lora_up.weight", ["F16", [1, 1]]);
  tensors.set("bundle_emb.token.string_to_param.*", ["F16", [2, 768]]);
  tensors.set(`${DOWN}.oft_blocks`, ["F16", [1]]);
  const { unmatched } = readLora(headerOnlyCheckpoint(tensors), sd15);
  expect(unmatched).toEqual([
    "lora_unet_nothing.lora_up.weight",
    "bundle_emb.token.string_to_param.*",
    `${DOWN}.oft_blocks`,
  ]);
});

test("a file without any adapter is refused with the names it has", () => {
  expect(failure(headerFixture("stable-diffusion-1-5"))).toMatchObject({
    name: "UnsupportedModel",
    details: { file: "style.safetensors", where: "the names of its tensors" },
  });
  expect(failure(new Map()).name).toBe("UnsupportedModel");
});

test("an adapter for SDXL is refused by SD 1.5 with both sizes", () => {
  const module = "lora_unet_input_blocks_4_1_transformer_blocks_0_attn2_to_k";
  const error = failure(pair(module, 4, 2048, 640));
  expect(error.name).toBe("ShapeMismatch");
  expect(error.details).toMatchObject({ where: `${module}.lora_down.weight`, got: "[4, 2048]" });
  expect(error.details.expected).toContain("made for 768 inputs, not 2048");
});

const bad: readonly (readonly [string, string, (tensors: HeaderDescription) => void])[] = [
  ["half a pair", "MissingTensor", (t) => t.delete(`${DOWN}.lora_up.weight`)],
  ["ranks that differ", "ShapeMismatch", (t) => t.set(`${DOWN}.lora_up.weight`, ["F16", [320, 5]])],
  ["other outputs", "ShapeMismatch", (t) => t.set(`${DOWN}.lora_up.weight`, ["F16", [640, 4]])],
  ["rank 0", "ShapeMismatch", (t) => t.set(`${DOWN}.lora_down.weight`, ["F16", [0, 768]])],
  ["a scalar for a matrix", "ShapeMismatch", (t) => t.set(`${DOWN}.lora_down.weight`, ["F16", []])],
  ["two numbers for alpha", "ShapeMismatch", (t) => t.set(`${DOWN}.alpha`, ["F16", [2]])],
  ["a core of another rank", "ShapeMismatch", (t) => t.set(`${DOWN}.lora_mid.weight`, ["F16", [5, 4, 1]])],
  ["lengths of no axis", "ShapeMismatch", (t) => t.set(`${DOWN}.dora_scale`, ["F16", [7, 1]])],
  ["integers", "FileFormat", (t) => t.set(`${DOWN}.lora_up.weight`, ["I32", [320, 4]])],
  ["two spellings of one part", "FileFormat", (t) => t.set(`${DOWN}.lora_A.weight`, ["F16", [4, 768]])],
];

test.each(bad)("%s: %s", (_, name, spoil) => {
  const tensors = pair(DOWN, 4, 768, 320);
  spoil(tensors);
  const error = failure(tensors);
  expect(error.name).toBe(name);
  expect(error.details.where).toContain(DOWN);
  expect(error.details.got).toBeTruthy();
});

test("an alpha that is no number is refused when the delta is read", async () => {
  const floats = (...shape: number[]) => {
    const bytes = new Uint8Array(4 * shape.reduce((product, size) => product * size, 1));
    return { dtype: "F32", shape, bytes } as const;
  };
  const alpha = new Uint8Array(Float32Array.of(NaN).buffer);
  const file = writeSafetensors(
    new Map([
      [`${DOWN}.lora_down.weight`, floats(1, 768)],
      [`${DOWN}.lora_up.weight`, floats(320, 1)],
      [`${DOWN}.alpha`, { dtype: "F32", shape: [], bytes: alpha } as const],
    ]),
  );
  const { patches } = readLora(await openSafetensors(memorySource(file, "style.safetensors")), sd15);
  await expect(readDelta(patches.get(KEY)![0])).rejects.toMatchObject({
    name: "FileFormat",
    details: { where: `${DOWN}.alpha`, got: "NaN" },
  });
});
