// Textual inversion embeddings in every published layout, and those that are not for the model.

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { readEmbedding } from "../../../../src/models/adapters/embedding.ts";
import { detectModel } from "../../../../src/models/detect-model.ts";
import { memorySource } from "../../../../src/weights/memory-source.ts";
import { openCheckpoint } from "../../../../src/weights/open-checkpoint.ts";
import { writeSafetensors } from "../../../../src/weights/write-safetensors.ts";
import { headerFixture, headerOnlyCheckpoint } from "../../../support/header-only.ts";

const detect = (name: string) => detectModel(headerOnlyCheckpoint(headerFixture(name)));
const sd15 = detect("stable-diffusion-1-5");
const sdxl = detect("stable-diffusion-xl-base");
const refiner = detect("stable-diffusion-xl-refiner");

type Shapes = Readonly<Record<string, readonly number[]>>;

/** Every element is its index, offset by the tensor's place in the file. */
function fileOf(shapes: Shapes, dtype: "F32" | "I32" = "F32") {
  const tensors = Object.entries(shapes).map(([key, shape], place) => {
    const length = shape.reduce((product, size) => product * size, 1);
    const values = Float32Array.from({ length }, (_, i) => i + 10_000 * place);
    return [key, { dtype, shape, bytes: new Uint8Array(values.buffer) }] as const;
  });
  return openCheckpoint(memorySource(writeSafetensors(new Map(tensors)), "cat.safetensors"));
}

test.each<[string, Shapes, number]>([
  ["kohya's", { emb_params: [3, 768] }, 3],
  ["Diffusers', one vector", { "<cat-toy>": [768] }, 1],
  ["Diffusers', several", { "<cat-toy>": [2, 768] }, 2],
  ["A1111's", { "string_to_param.*": [4, 768], string_to_token: [1] }, 4],
])("%s files are read", async (_, shapes, count) => {
  const embedding = await readEmbedding(await fileOf(shapes), sd15);
  expect(embedding).toMatchObject({ name: "cat.safetensors", count });
  expect(embedding.vectors).toHaveLength(1);
  expect(embedding.vectors[0]).toEqual(Float32Array.from({ length: count * 768 }, (__, i) => i));
});

test.each<[string, Shapes]>([
  ["A1111's", { clip_l: [2, 768], clip_g: [2, 1280] }],
  ["A1111's, the other way round", { clip_g: [2, 1280], clip_l: [2, 768] }],
  ["Diffusers'", { text_encoders_0: [2, 768], text_encoders_1: [2, 1280] }],
])("pairs for SDXL are read: %s", async (_, shapes) => {
  const { vectors, count } = await readEmbedding(await fileOf(shapes), sdxl);
  expect(count).toBe(2);
  expect(vectors.map(({ length }) => length)).toEqual([2 * 768, 2 * 1280]);
});

test("the refiner takes its half of a pair", async () => {
  const { vectors } = await readEmbedding(await fileOf({ clip_l: [1, 768], clip_g: [1, 1280] }), refiner);
  expect(vectors.map(({ length }) => length)).toEqual([1280]);
});

test("a pickle is read, and its width checked", async () => {
  const bytes = readFileSync(new URL("../../../fixtures/pickles/embedding.pt", import.meta.url));
  const checkpoint = await openCheckpoint(memorySource(bytes, "embedding.pt"));
  await expect(readEmbedding(checkpoint, sd15)).rejects.toMatchObject({
    name: "ShapeMismatch",
    details: { where: "string_to_param.*", expected: "[1 to 75, 768]", got: "[2, 4]" },
  });
  const narrow = { ...sd15, textEncoders: [{ ...sd15.textEncoders[0], width: 4 }] };
  expect((await readEmbedding(checkpoint, narrow)).count).toBe(2);
});

test.each<[string, Shapes, typeof sd15, string]>([
  ["SD 2.x's width", { emb_params: [1, 1024] }, sd15, "ShapeMismatch"],
  ["no vectors", { emb_params: [0, 768] }, sd15, "ShapeMismatch"],
  ["more than a chunk holds", { emb_params: [76, 768] }, sd15, "ShapeMismatch"],
  ["a scalar", { emb_params: [] }, sd15, "ShapeMismatch"],
  ["one encoder's vectors for SDXL", { emb_params: [1, 768] }, sdxl, "UnsupportedModel"],
  ["half a pair for SDXL", { clip_g: [1, 1280] }, sdxl, "UnsupportedModel"],
  ["a pair of two lengths", { clip_l: [1, 768], clip_g: [2, 1280] }, sdxl, "ShapeMismatch"],
  ["some network", { "a.weight": [3, 768], "b.weight": [3, 768] }, sd15, "UnsupportedModel"],
])("%s: refused", async (_, shapes, model, name) => {
  await expect(readEmbedding(await fileOf(shapes), model)).rejects.toMatchObject({
    name,
    details: { file: "cat.safetensors" },
  });
});

test("integers are no vectors", async () => {
  await expect(readEmbedding(await fileOf({ emb_params: [1, 768] }, "I32"), sd15)).rejects.toMatchObject({
    name: "FileFormat",
    details: { where: "emb_params", got: "I32" },
  });
});
