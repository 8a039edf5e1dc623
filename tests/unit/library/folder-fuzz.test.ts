// Seeded damage to the texts and graphs of folders: an index of shards, configurations, tokenizers, ONNX graphs. Each folder is
// recognised, and its tokenizer read and used, to a valid result or a named error, within bounds of time, reading and memory.

import { expect, test } from "vitest";
import { recogniseParts } from "../../../src/library/recognise-model.ts";
import { createClipTokenizer } from "../../../src/prompt/clip-tokenizer.ts";
import { isAppError } from "../../../src/protocol/app-error.ts";
import type { FolderFile } from "../../../src/weights/diffusers-folder.ts";
import { findFolderTokenizer } from "../../../src/weights/folder-texts.ts";
import { memorySource } from "../../../src/weights/memory-source.ts";
import { SMALL_CONSTANT_BYTES, watchAllocations } from "../../support/allocated-bytes.ts";
import { countingSource } from "../../support/counting-source.ts";
import { familyFolder } from "../../support/family-models.ts";
import { onnxFile, type PortToWrite } from "../../support/onnx-files.ts";
import { seededRandom } from "../../support/seeded-random.ts";
import { tinyVocabulary } from "../../support/tiny-vocabulary.ts";

// One alone takes a millisecond; the machine may be busy.
const MAX_MILLISECONDS = 2000;
/** Parsed JSON takes more than its text, and so do the tables made of it. */
const WIDENING = 40;

type Random = (below: number) => number;

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const file = (path: string, bytes: Uint8Array): FolderFile => ({ path, source: memorySource(bytes, path) });

const DEPTH = 20_000;
const FRAGMENTS = [
  ...[
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    '"',
    "\\",
    "-1",
    "1e999",
    "0.5",
    "null",
    "true",
    "\u0000",
    "\u{1f600}",
    "\n",
    " ",
  ],
  ...[
    "9007199254740993",
    "4294967296",
    '"__proto__":',
    '"../../secret.safetensors"',
    '"a b c"',
    "[null]",
    "{}",
  ],
  '{"toString":1,"valueOf":2}',
  '{"constructor":{"prototype":null}}',
  "[".repeat(DEPTH) + "]".repeat(DEPTH),
].map(encode);

type Mutation = (bytes: Uint8Array, random: Random) => Uint8Array;

const splice = (bytes: Uint8Array, at: number, removed: number, inserted: Uint8Array): Uint8Array =>
  Buffer.concat([bytes.subarray(0, at), inserted, bytes.subarray(at + removed)]);

const mutations: readonly Mutation[] = [
  (bytes, random) => bytes.with(random(bytes.length), random(256)),
  (bytes, random) => bytes.slice(0, random(bytes.length)),
  (bytes, random) => splice(bytes, random(bytes.length), random(20), FRAGMENTS[random(FRAGMENTS.length)]),
  // One value for another: what is still JSON, and something else.
  (bytes, random) => {
    const text = new TextDecoder().decode(bytes);
    const values = [...text.matchAll(/(?<=[:[,]\s*)("[^"]*"|[\d.]+|true|false|null)(?=\s*[,\]}])/g)];
    if (values.length === 0) return bytes.slice(1);
    const { index, 0: value } = values[random(values.length)];
    const fragment = new TextDecoder().decode(FRAGMENTS[random(FRAGMENTS.length)]);
    return encode(text.slice(0, index) + fragment + text.slice(index + value.length));
  },
  (bytes, random) => {
    const at = random(bytes.length);
    return splice(bytes, at, 0, bytes.subarray(at, at + 1 + random(64)));
  },
];

interface Outcome {
  readonly whole: number;
  readonly refused: number;
}

/** Damages one file of a folder again and again; `use` is given all of them. */
async function damage(
  folder: readonly FolderFile[],
  path: string,
  runs: number,
  seed: number,
  use: (files: readonly FolderFile[]) => Promise<unknown>,
): Promise<Outcome> {
  const random = seededRandom(seed);
  const source = folder.find((each) => each.path === path)!.source;
  const original = source.readSync(0, source.byteLength);
  let [whole, refused] = [0, 0];
  for (let run = 0; run < runs; run++) {
    let bytes: Uint8Array = original;
    for (let rounds = 1 + random(2); rounds > 0 && bytes.length > 1; rounds--)
      bytes = mutations[random(mutations.length)](bytes, random);
    const damaged = countingSource(memorySource(bytes, path));
    const files = folder.map((each) => (each.path === path ? { path, source: damaged } : each));
    const allocated = watchAllocations();
    const started = performance.now();
    try {
      await use(files);
      whole++;
    } catch (error) {
      if (!isAppError(error)) throw new Error(`run ${run} of ${path}`, { cause: error });
      refused++;
    }
    expect(performance.now() - started).toBeLessThan(MAX_MILLISECONDS);
    expect(allocated()).toBeLessThan(WIDENING * bytes.length + SMALL_CONSTANT_BYTES);
  }
  return { whole, refused };
}

const merges = `${tinyVocabulary.mergesText}a b\nl i\nli g\nlig h\nligh t</w>\nt o</w>\np h\n`;
const wholeTokenizer = {
  model: {
    vocab: tinyVocabulary.vocabJson,
    merges: merges.split("\n").filter((line) => line !== "" && !line.startsWith("#")),
  },
  added_tokens: [{ id: 1, content: "<|endoftext|>" }],
};
const tokenizers: Readonly<Record<string, readonly FolderFile[]>> = {
  "tokenizer/vocab.json": [
    file("tokenizer/vocab.json", encode(JSON.stringify(tinyVocabulary.vocabJson))),
    file("tokenizer/merges.txt", encode(merges)),
  ],
  "tokenizer/tokenizer.json": [file("tokenizer/tokenizer.json", encode(JSON.stringify(wholeTokenizer)))],
};

async function useTokenizer(files: readonly FolderFile[]): Promise<void> {
  const read = findFolderTokenizer((path) => files.find((each) => each.path === path)?.source)!;
  const { vocabJson, mergesText } = await read();
  const { encode: tokens, size } = createClipTokenizer(vocabJson, mergesText);
  for (const id of tokens("a photo of 2 <|endoftext|> lighthouses, \u{1f600}")) expect(id).toBeLessThan(size);
}

test.each([
  ["tokenizer/vocab.json", "tokenizer/vocab.json", 1000],
  ["tokenizer/merges.txt", "tokenizer/vocab.json", 1000],
  ["tokenizer/tokenizer.json", "tokenizer/tokenizer.json", 1000],
])("a damaged %s makes a tokenizer or a named error", async (path, folder, runs) => {
  const { whole, refused } = await damage(tokenizers[folder], path, runs, runs + path.length, useTokenizer);
  expect(whole).toBeGreaterThan(runs / 50);
  expect(refused).toBeGreaterThan(runs / 50);
});

const recognise = (files: readonly FolderFile[]) => recogniseParts(files, "folder");
const diffusers = await familyFolder(
  { unet: "xl" },
  { prediction_type: "v_prediction", timestep_spacing: "trailing" },
);

test.each([
  ["unet/diffusion_pytorch_model.safetensors.index.json", 300],
  ["scheduler/scheduler_config.json", 300],
])("a Diffusers folder with a damaged %s is recognised or refused by name", async (path, runs) => {
  const { whole, refused } = await damage(diffusers, path, runs, runs, recognise);
  expect(whole).toBeGreaterThan(runs / 50);
  expect(refused).toBeGreaterThan(runs / 50);
});

const port = (name: string, type: PortToWrite["type"], ...dims: PortToWrite["dims"]): PortToWrite => ({
  name,
  type,
  dims,
});
const graphs = {
  "text_encoder/model.onnx": onnxFile({
    inputs: [port("input_ids", "int32", 1, 77)],
    outputs: [port("last_hidden_state", "float32", 1, 77, 768), port("pooler_output", "float32", 1, 768)],
  }),
  "unet/model.onnx": onnxFile({
    inputs: [
      port("sample", "float32", "batch", 4, "height", "width"),
      port("timestep", "int64", "steps"),
      port("encoder_hidden_states", "float32", "batch", "sequence", 768),
    ],
    outputs: [port("out_sample", "float32", "batch", 4, "height", "width")],
    weights: [
      {
        name: "w",
        type: "float16",
        shape: [4],
        beside: { location: "weights.pb", offset: "0", length: "8" },
      },
    ],
  }),
  "vae_decoder/model.onnx": onnxFile({
    inputs: [port("latent_sample", "float32", 1, 4, "height", "width")],
    outputs: [port("sample", "float32", 1, 3, "height", "width")],
  }),
};
const config = {
  in_channels: 4,
  out_channels: 4,
  cross_attention_dim: 768,
  use_linear_projection: false,
  time_cond_proj_dim: null,
};
const exported: readonly FolderFile[] = [
  file("model_index.json", encode("{}")),
  file("unet/config.json", encode(JSON.stringify(config))),
  file("unet/weights.pb", new Uint8Array(8)),
  file(
    "vae_decoder/config.json",
    encode(JSON.stringify({ latent_channels: 4, scaling_factor: 0.18215, block_out_channels: [8, 8, 8, 8] })),
  ),
  file("text_encoder/config.json", encode(JSON.stringify({ hidden_size: 768, vocab_size: 49408 }))),
  ...Object.entries(graphs).map(([path, bytes]) => file(path, bytes)),
];

test.each([
  ...Object.keys(graphs),
  "unet/config.json",
  "vae_decoder/config.json",
  "text_encoder/config.json",
])("a folder of ONNX graphs with a damaged %s is recognised or refused by name", async (path) => {
  const runs = 1000;
  const { whole, refused } = await damage(exported, path, runs, path.length, recognise);
  expect(whole).toBeGreaterThan(runs / 50);
  expect(refused).toBeGreaterThan(runs / 50);
});
