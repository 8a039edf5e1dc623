// Which files of a listing make up a model that is published as a folder, in which forms, and what is left out.

import { expect, test } from "vitest";
import { folderModels, type ListedFile } from "../../../../src/library/sources/folder-models.ts";

const listing = (...paths: readonly string[]): readonly ListedFile[] =>
  paths.map((path) => ({ path, bytes: 10 }));

// As stable-diffusion-v1-5/stable-diffusion-v1-5 is laid out.
const SD15 = listing(
  ...[".gitattributes", "README.md", "feature_extractor/preprocessor_config.json", "model_index.json"],
  ...[
    "safety_checker/config.json",
    "safety_checker/model.fp16.safetensors",
    "safety_checker/model.safetensors",
  ],
  "scheduler/scheduler_config.json",
  ...["text_encoder/config.json", "text_encoder/model.fp16.safetensors", "text_encoder/model.safetensors"],
  ...["text_encoder/pytorch_model.bin", "text_encoder/pytorch_model.fp16.bin"],
  ...["tokenizer/merges.txt", "tokenizer/special_tokens_map.json", "tokenizer/vocab.json"],
  ...["unet/config.json", "unet/diffusion_pytorch_model.bin", "unet/diffusion_pytorch_model.fp16.bin"],
  ...["unet/diffusion_pytorch_model.fp16.safetensors", "unet/diffusion_pytorch_model.non_ema.bin"],
  ...["unet/diffusion_pytorch_model.non_ema.safetensors", "unet/diffusion_pytorch_model.safetensors"],
  ...["v1-5-pruned-emaonly.ckpt", "v1-5-pruned-emaonly.safetensors", "v1-5-pruned.safetensors"],
  ...[
    "vae/config.json",
    "vae/diffusion_pytorch_model.fp16.safetensors",
    "vae/diffusion_pytorch_model.safetensors",
  ],
);

const paths = (listed: readonly ListedFile[]): readonly string[] => listed.map(({ path }) => path);
const forms = (listed: readonly ListedFile[]): readonly string[] =>
  folderModels(listed).map(({ variant }) => variant);

test("of several weights the fp16 safetensors come first, one set of each component and nothing else", () => {
  const [first, second, ...rest] = folderModels(SD15);
  expect(rest).toEqual([]);
  expect(first).toMatchObject({ root: "", variant: "fp16" });
  expect(paths(first.files)).toEqual([
    "model_index.json",
    "unet/diffusion_pytorch_model.fp16.safetensors",
    "vae/diffusion_pytorch_model.fp16.safetensors",
    "text_encoder/model.fp16.safetensors",
    "scheduler/scheduler_config.json",
    "tokenizer/vocab.json",
    "tokenizer/merges.txt",
  ]);
  expect(second.variant).toBe("");
  expect(paths(second.files)).toContain("unet/diffusion_pytorch_model.safetensors");
});

test("an fp16 set that lacks a component is filled up, and comes second", () => {
  const listed = SD15.filter(({ path }) => path !== "vae/diffusion_pytorch_model.fp16.safetensors");
  const [first, second] = folderModels(listed);
  expect([first.variant, second.variant]).toEqual(["", "fp16"]);
  expect(paths(second.files)).toContain("vae/diffusion_pytorch_model.safetensors");
});

test("a checkpoint in shards is one model of its shards and the index that names them", () => {
  const shards = [1, 2, 3].map((i) => `sharded/model-0000${i}-of-00003.safetensors`);
  const index = "sharded/model.safetensors.index.json";
  const others = ["README.md", "sharded/other.safetensors", "sharded/config.json"];
  const [model, ...rest] = folderModels(listing(...others, ...shards.toReversed(), index));
  expect(rest).toEqual([]);
  expect(model).toMatchObject({ root: "sharded/", variant: "", alone: true });
  expect(paths(model.files)).toEqual([index, ...shards]);
  expect(folderModels(listing(...shards.slice(1), index))).toEqual([]);
  expect(folderModels(listing(...shards))).toEqual([]);
});

test("of two checkpoints in shards each is told by its name", () => {
  const set = (name: string): string[] => [
    `${name}-00001-of-00001.safetensors`,
    `${name}.safetensors.index.json`,
  ];
  expect(forms(listing(...set("base"), ...set("refiner")))).toEqual(["base", "refiner"]);
});

test("pickles are taken where there is nothing else", () => {
  const listed = SD15.filter(({ path }) => !path.endsWith(".safetensors"));
  expect(paths(folderModels(listed)[0].files)).toContain("unet/diffusion_pytorch_model.fp16.bin");
  expect(forms(listed.filter(({ path }) => !path.startsWith("unet/")))).toEqual([]);
});

const SHARDS = ["1", "2"].map((i) => `diffusion_pytorch_model-0000${i}-of-00002`);

test.each([
  ["diffusion_pytorch_model.safetensors.index.json", SHARDS.map((shard) => `${shard}.safetensors`), ""],
  [
    "diffusion_pytorch_model.safetensors.index.fp16.json",
    SHARDS.map((shard) => `${shard}.fp16.safetensors`),
    "fp16",
  ],
  [
    "diffusion_pytorch_model.fp16.safetensors.index.json",
    SHARDS.map((shard) => `${shard.replace("model", "model.fp16")}.safetensors`),
    "fp16",
  ],
])("shards come whole, behind their index: %s", (index, shards, variant) => {
  const unet = [...shards, index].map((name) => `m/unet/${name}`);
  const listed = listing("m/model_index.json", ...unet, "m/vae/diffusion_pytorch_model.safetensors");
  const [model, ...rest] = folderModels(listed);
  expect(rest).toEqual([]);
  expect(model).toMatchObject({ root: "m/", variant });
  expect(paths(model.files).slice(1, 4)).toEqual([unet[2], unet[0], unet[1]]);
  expect(folderModels(listed.filter(({ path }) => path !== unet[1]))).toEqual([]);
  expect(folderModels(listed.filter(({ path }) => path !== unet[2]))).toEqual([]);
});

test("folders of other architectures are no models, and one inside another is its part", () => {
  expect(
    folderModels(listing("model_index.json", "transformer/diffusion_pytorch_model.safetensors")),
  ).toEqual([]);
  const unet = "unet/diffusion_pytorch_model.safetensors";
  const roots = folderModels(
    listing(
      "a/model_index.json",
      `a/${unet}`,
      "b/model_index.json",
      `b/${unet}`,
      "a/old/model_index.json",
      `a/old/${unet}`,
    ),
  );
  expect(roots.map(({ root }) => root)).toEqual(["a/", "b/"]);
});

test("weights for other programs beside them are left out", () => {
  const names = [
    "openvino_model.bin",
    "model.onnx",
    "diffusion_flax_model.msgpack",
    "diffusion_pytorch_model.safetensors",
  ];
  const [model] = folderModels(listing("model_index.json", ...names.map((name) => `unet/${name}`)));
  expect(paths(model.files)).toEqual(["model_index.json", "unet/diffusion_pytorch_model.safetensors"]);
});

test("a tokenizer in one file is taken where vocabulary and merges are not apart", () => {
  const listed = listing(
    "model_index.json",
    "unet/diffusion_pytorch_model.safetensors",
    "tokenizer_2/tokenizer.json",
  );
  expect(paths(folderModels(listed)[0].files)).toContain("tokenizer_2/tokenizer.json");
});

test("a model that is published as graphs comes with the files of their weights", () => {
  const unet = ["unet/model.onnx", "unet/model.onnx_data", "unet/config.json"];
  const others = ["text_encoder/model.onnx", "vae_decoder/model.onnx", "safety_checker/model.onnx"];
  const [model, ...rest] = folderModels(listing("README.md", ...unet, ...others, "tokenizer/tokenizer.json"));
  expect(rest).toEqual([]);
  expect(model).toMatchObject({ root: "", variant: "ONNX" });
  expect(paths(model.files)).toEqual([
    ...unet,
    ...["vae_decoder/model.onnx", "text_encoder/model.onnx", "tokenizer/tokenizer.json"],
  ]);
});

test("of graphs in several precisions one is taken, and none where there are weights", () => {
  const graphs = [
    "m/unet/model.onnx",
    "m/unet/model.onnx_data",
    "m/unet/model_fp16.onnx",
    "m/unet/model_fp16.onnx_data",
  ];
  const [model] = folderModels(listing("m/model_index.json", ...graphs));
  expect(paths(model.files)).toEqual([
    "m/model_index.json",
    "m/unet/model_fp16.onnx",
    "m/unet/model_fp16.onnx_data",
  ]);
  const weights = "m/unet/diffusion_pytorch_model.safetensors";
  expect(forms(listing("m/model_index.json", ...graphs, weights))).toEqual([""]);
});
