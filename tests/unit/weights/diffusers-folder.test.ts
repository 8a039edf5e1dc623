// Diffusers folders read as one checkpoint: which files are taken, where each tensor's bytes lie, what damaged folders say.

import { describe, expect, test } from "vitest";
import {
  diffusersRoot,
  openDiffusersFolder,
  type FolderFile,
} from "../../../src/weights/diffusers-folder.ts";
import { joinSources } from "../../../src/weights/joined-source.ts";
import { memorySource } from "../../../src/weights/memory-source.ts";
import { writeSafetensors } from "../../../src/weights/write-safetensors.ts";

const file = (path: string, bytes: Uint8Array): FolderFile => ({ path, source: memorySource(bytes, path) });
const json = (path: string, value: unknown): FolderFile =>
  file(path, new TextEncoder().encode(JSON.stringify(value)));
const text = (path: string, value: string): FolderFile => file(path, new TextEncoder().encode(value));

/** A file of one-element U8 tensors. */
const weights = (path: string, tensors: Readonly<Record<string, number>>): FolderFile =>
  file(
    path,
    writeSafetensors(
      new Map(
        Object.entries(tensors).map(([key, value]) => [
          key,
          { dtype: "U8" as const, shape: [1], bytes: Uint8Array.of(value) },
        ]),
      ),
    ),
  );

const base = [
  json("nice-model/model_index.json", { _class_name: "StableDiffusionPipeline" }),
  weights("nice-model/vae/diffusion_pytorch_model.safetensors", { "decoder.a": 1, "encoder.b": 2 }),
];

async function valuesOf(files: readonly FolderFile[]): Promise<Record<string, number>> {
  const { checkpoint } = await openDiffusersFolder(files, "nice-model");
  return Object.fromEntries(
    [...checkpoint.tensors].map(([key, { start, end }]) => [key, checkpoint.source.readSync(start, end)[0]]),
  );
}

describe("openDiffusersFolder()", () => {
  test("puts each component's keys behind its folder's name and finds every byte in the joined source", async () => {
    const files = [
      ...base,
      weights("nice-model/unet/diffusion_pytorch_model.safetensors", { "conv_in.w": 3 }),
    ];
    expect(await valuesOf(files)).toEqual({ "unet.conv_in.w": 3, "vae.decoder.a": 1, "vae.encoder.b": 2 });
  });

  test("reads all shards that an index names, and only those", async () => {
    const files = [
      ...base,
      json("nice-model/unet/diffusion_pytorch_model.safetensors.index.json", {
        weight_map: { a: "model-00001-of-00002.safetensors", b: "model-00002-of-00002.safetensors" },
      }),
      weights("nice-model/unet/model-00002-of-00002.safetensors", { b: 5 }),
      weights("nice-model/unet/model-00001-of-00002.safetensors", { a: 4 }),
      weights("nice-model/unet/model-00001-of-00009.safetensors", { stray: 9 }),
    ];
    expect(await valuesOf(files)).toMatchObject({ "unet.a": 4, "unet.b": 5 });
    const opened = await openDiffusersFolder(files, "nice-model");
    expect(opened.checkpoint.tensors.has("unet.stray")).toBe(false);
    // What must be stored to open it again.
    expect(opened.files.map(({ path }) => path).sort()).toEqual([
      "model_index.json",
      "unet/diffusion_pytorch_model.safetensors.index.json",
      "unet/model-00001-of-00002.safetensors",
      "unet/model-00002-of-00002.safetensors",
      "vae/diffusion_pytorch_model.safetensors",
    ]);
    const again = await openDiffusersFolder(opened.files, "nice-model");
    expect([...again.checkpoint.tensors]).toEqual([...opened.checkpoint.tensors]);
  });

  test("a checkpoint in shards without such folders keeps its keys, and is read again from what is stored of it", async () => {
    const files = [
      text("big-model/README.md", "hello"),
      weights("big-model/model-00002-of-00002.safetensors", { b: 5 }),
      weights("big-model/model-00001-of-00002.safetensors", { a: 4 }),
      weights("big-model/other.safetensors", { stray: 9 }),
      json("big-model/model.safetensors.index.json", {
        weight_map: { b: "model-00002-of-00002.safetensors", a: "model-00001-of-00002.safetensors" },
      }),
    ];
    expect(await valuesOf(files)).toEqual({ a: 4, b: 5 });
    const opened = await openDiffusersFolder(files, "big-model");
    expect(opened.files.map(({ path }) => path)).toEqual([
      "model.safetensors.index.json",
      "model-00001-of-00002.safetensors",
      "model-00002-of-00002.safetensors",
    ]);
    expect(await valuesOf(opened.files)).toEqual({ a: 4, b: 5 });
    const lacking = files.filter(({ path }) => !path.includes("00002-of"));
    await expect(openDiffusersFolder(lacking, "big-model")).rejects.toMatchObject({ name: "FileFormat" });
  });

  test("takes the smallest of several sets, never a training copy, and .bin only where there is nothing else", async () => {
    const files = [
      ...base,
      weights("nice-model/unet/diffusion_pytorch_model.safetensors", { whole: 1, second: 2 }),
      weights("nice-model/unet/diffusion_pytorch_model.fp16.safetensors", { half: 1 }),
      weights("nice-model/unet/diffusion_pytorch_model.non_ema.safetensors", { n: 1 }),
      file("nice-model/unet/diffusion_pytorch_model.bin", new Uint8Array(1)),
    ];
    expect(Object.keys(await valuesOf(files))).toContain("unet.half");
  });

  test("tells the scheduler's training facts as metadata", async () => {
    const files = [
      ...base,
      json("nice-model/scheduler/scheduler_config.json", {
        _class_name: "EulerDiscreteScheduler",
        prediction_type: "v_prediction",
        rescale_betas_zero_snr: true,
        timestep_spacing: "trailing",
        trained_betas: null,
      }),
    ];
    const { metadata } = (await openDiffusersFolder(files, "nice-model")).checkpoint;
    expect(Object.fromEntries(metadata)).toEqual({
      "scheduler._class_name": "EulerDiscreteScheduler",
      "scheduler.prediction_type": "v_prediction",
      "scheduler.rescale_betas_zero_snr": "true",
      "scheduler.timestep_spacing": "trailing",
    });
  });

  test.each([
    [
      "vocab.json and merges.txt",
      [json("m/tokenizer/vocab.json", { a: 0, "<|e|>": 1 }), text("m/tokenizer/merges.txt", "a b\nc d")],
    ],
    [
      "tokenizer.json alone",
      [
        json("m/tokenizer_2/tokenizer.json", {
          model: { vocab: { a: 0 }, merges: [["a", "b"], "c d"] },
          added_tokens: [{ id: 1, content: "<|e|>" }],
        }),
      ],
    ],
  ])("brings the model's own tokenizer: %s", async (_, files) => {
    const opened = await openDiffusersFolder([json("m/model_index.json", {}), ...files], "m");
    expect(await opened.readTokenizer?.()).toEqual({
      vocabJson: { a: 0, "<|e|>": 1 },
      mergesText: "a b\nc d",
    });
  });

  test.each<[string, readonly FolderFile[], RegExp]>([
    ["no index", base.slice(1), /model_index\.json should be in the folder, got no such file/],
    [
      "a shard that is missing or elsewhere",
      [
        ...base,
        json("nice-model/unet/d.safetensors.index.json", { weight_map: { a: "../../secret.safetensors" } }),
      ],
      /"unet\/\.\.\/\.\.\/secret\.safetensors" should be in the folder, as unet\/d\.safetensors\.index\.json says/,
    ],
    [
      "an index of something else",
      [...base, json("nice-model/unet/d.safetensors.index.json", [])],
      /weight_map should be an object of file names, got undefined/,
    ],
    [
      "a configuration that is no JSON",
      [...base, text("nice-model/scheduler/scheduler_config.json", "{oops")],
      /should be JSON, got "\{oops"/,
    ],
    [
      "a tokenizer without merges",
      [...base, json("nice-model/tokenizer/tokenizer.json", { model: {} })],
      /model should be a vocabulary and merges, got undefined/,
    ],
  ])("refuses %s", async (_, files, message) => {
    const opened = openDiffusersFolder(files, "nice-model").then(({ readTokenizer }) => readTokenizer?.());
    await expect(opened).rejects.toMatchObject({
      name: "FileFormat",
      message: expect.stringMatching(message) as string,
    });
  });
});

test("diffusersRoot() finds the outermost model", () => {
  expect(diffusersRoot(["a/unet/x", "a/model_index.json", "a/b/model_index.json"])).toBe("a/");
  expect(diffusersRoot(["model_index.json"])).toBe("");
  expect(diffusersRoot(["a/my_model_index.json"])).toBeUndefined();
});

describe("joinSources()", () => {
  const joined = joinSources(
    [Uint8Array.of(1, 2), new Uint8Array(0), Uint8Array.of(3, 4, 5)].map((bytes) => memorySource(bytes, "p")),
    "whole",
  );

  test.each([
    [0, 5, [1, 2, 3, 4, 5]],
    [1, 3, [2, 3]],
    [2, 2, []],
    [3, 5, [4, 5]],
  ])("reads %i to %i, across parts", async (start, end, bytes) => {
    expect([...(await joined.read(start, end))]).toEqual(bytes);
    expect([...joined.readSync(start, end)]).toEqual(bytes);
  });

  test("refuses ranges outside", async () => {
    await expect(joined.read(4, 6)).rejects.toMatchObject({ name: "FileFormat" });
  });
});
