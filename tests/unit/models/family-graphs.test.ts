// What SD 2.x, SDXL and LCM have over SD 1.x, against PyTorch in float32: OpenCLIP's layout, layers left out, the pooled prompt,
// linear projections, deeper transformers, class and guidance embeddings, more input channels, latents normalised per channel
// (tools/fixtures/family_models.py).

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { buildTextEncoder } from "../../../src/models/clip-text-encoder.ts";
import { detectModel } from "../../../src/models/detect-model.ts";
import { detectTextEncoder } from "../../../src/models/detect-text-encoder.ts";
import { detectUnet } from "../../../src/models/detect-unet.ts";
import { dialects } from "../../../src/models/dialects.ts";
import type { ModelFamily } from "../../../src/models/families.ts";
import { stableDiffusion1 } from "../../../src/models/families/stable-diffusion-1.ts";
import { stableDiffusionXl } from "../../../src/models/families/stable-diffusion-xl.ts";
import { withOriginalKeys } from "../../../src/models/key-names.ts";
import type { TextEncoderConfig, VaeConfig } from "../../../src/models/model-config.ts";
import { buildPromptKeys } from "../../../src/models/prompt-keys.ts";
import { buildUnet } from "../../../src/models/unet.ts";
import { buildVaeDecoder } from "../../../src/models/vae-decoder.ts";
import type { Checkpoint } from "../../../src/weights/checkpoint.ts";
import { memorySource } from "../../../src/weights/memory-source.ts";
import { openSafetensors } from "../../../src/weights/safetensors.ts";
import { relativeDifference, runGraph } from "../../support/run-graph.ts";

const FLOAT32_TOLERANCE = 1e-4;
const SAME_GRAPH_TOLERANCE = 1e-6;
const FIXTURES = new URL("../../fixtures/families/", import.meta.url);
const dialect = dialects["wasm-float32"];

async function open(name: string): Promise<Checkpoint> {
  const file = `${name}.safetensors`;
  return openSafetensors(memorySource(readFileSync(new URL(file, FIXTURES)), file));
}

const results = await open("results");

test("a VAE whose latents are normalised per channel undoes it per channel", async () => {
  const name = "tiny.safetensors";
  const bytes = readFileSync(new URL(`../../fixtures/models/${name}`, import.meta.url));
  const { checkpoint, vae } = detectModel(await openSafetensors(memorySource(bytes, name)));
  const [scale, shift] = [
    [0.5, 2, 0.1, 1],
    [0.3, -1, 0, 2],
  ];
  const size = { dialect, batch: 1, latentHeight: 2, latentWidth: 3 };
  const normalised = Float32Array.from({ length: 4 * 6 }, (_, i) => Math.sin(i));
  const plain = normalised.map((x, i) => x / scale[Math.floor(i / 6)] + shift[Math.floor(i / 6)]);
  const decode = async (changes: Partial<VaeConfig>, latents: Float32Array) => {
    const { pixels } = await runGraph(buildVaeDecoder(checkpoint, { ...vae, ...changes }, size), { latents });
    return pixels.data;
  };
  const found = await decode({ scale, shift }, normalised);
  expect(relativeDifference(found, await decode({ scale: 1, shift: 0 }, plain))).toBeLessThan(1e-5);
});

function bytesOf(key: string): ArrayBuffer {
  const info = results.tensors.get(key);
  if (!info) throw new Error(`no result ${key}`);
  return results.source.readSync(info.start, info.end).slice().buffer;
}

const values = (key: string): Float32Array => new Float32Array(bytesOf(key));
const shapeOf = (key: string): readonly number[] => results.tensors.get(key)?.shape ?? [];

describe.each(["open-clip", "clip-projected"])("the text encoder of %s.safetensors", (name) => {
  async function run(changes: Partial<TextEncoderConfig>, clipSkip: number) {
    const checkpoint = withOriginalKeys(await open(name));
    const detected = detectTextEncoder(checkpoint, stableDiffusionXl.textEncoders[1]);
    expect(detected).toMatchObject({ layers: 3, heads: 2, mlpWidth: 256, pooling: { width: 96 } });
    const graph = buildTextEncoder(checkpoint, { ...detected, ...changes }, { dialect, clipSkip });
    return runGraph(graph, { input_ids: new Int32Array(bytesOf("text.ids")) });
  }

  test.each([
    [1, "hidden1"],
    [2, "hidden1"],
    [3, "hidden2"],
  ])("gives SDXL the last layer but one or earlier, clip skip %i, and pools the last", async (skip, key) => {
    const { hidden, pooled } = await run({}, skip);
    expect(hidden.shape).toEqual([1, 77, 128]);
    expect(relativeDifference(hidden.data, values(`text.${key}`))).toBeLessThan(FLOAT32_TOLERANCE);
    expect(pooled.shape).toEqual([1, 96]);
    expect(relativeDifference(pooled.data, values("text.pooled"))).toBeLessThan(FLOAT32_TOLERANCE);
  });

  test("gives SD 2.x the same layer normed, and nothing pooled", async () => {
    const outputs = await run({ finalNorm: true, pooling: undefined }, 1);
    expect(Object.keys(outputs)).toEqual(["hidden"]);
    expect(relativeDifference(outputs.hidden.data, values("text.normed1"))).toBeLessThan(FLOAT32_TOLERANCE);
  });

  test("uses the last layer where the family leaves none out", async () => {
    const { hidden } = await run({ finalNorm: true, leftOutLayers: 0 }, 1);
    expect(relativeDifference(hidden.data, values("text.normed0"))).toBeLessThan(FLOAT32_TOLERANCE);
  });
});

// The tiny networks' heads are 32 channels wide.
const xl: ModelFamily = {
  ...stableDiffusionXl,
  unet: { ...stableDiffusionXl.unet, heads: { width: 32 } },
};
// No published model is both; one fixture proves both.
const guided: ModelFamily = {
  ...stableDiffusion1,
  matches: { ...stableDiffusion1.matches, inChannels: 9, guidanceEmbedding: true },
  unet: { ...stableDiffusion1.unet, heads: { width: 32 } },
};

/** PyTorch's one input, [batch, channels, h, w], as the graph's two: four noisy latents, and what comes behind them. */
function latentInputs(latents: Float32Array, [batch, channels, height, width]: readonly number[]) {
  const plane = height * width;
  const part = (from: number, to: number): Float32Array =>
    Float32Array.from(
      Array.from({ length: batch }, (_, i) => [
        ...latents.subarray((i * channels + from) * plane, (i * channels + to) * plane),
      ]).flat(),
    );
  return { latents: part(0, 4), ...(channels > 4 && { extra_channels: part(4, channels) }) };
}

test.each([
  ["xl", xl, ["y"], { linearProjection: true, classEmbeddingWidth: 144 }],
  ["guided", guided, ["guidance_embedding"], { inChannels: 9, guidanceEmbeddingWidth: 16 }],
] as const)("the UNet of unet-%s.safetensors agrees", async (name, family, extra, expected) => {
  const checkpoint = withOriginalKeys(await open(`unet-${name}`));
  const config = detectUnet(checkpoint, family);
  expect(config).toMatchObject({ contextWidth: 128, ...expected });
  const [batch, , latentHeight, latentWidth] = shapeOf(`${name}.latents`);
  const shape = { dialect, batch, latentHeight, latentWidth, tokens: 77 };
  const context = values(`${name}.context`);
  const inputs = {
    timestep: values("timestep"),
    ...latentInputs(values(`${name}.latents`), shapeOf(`${name}.latents`)),
    ...Object.fromEntries(extra.map((key) => [key, values(`${name}.${key}`)])),
  };
  const { output } = await runGraph(buildUnet(checkpoint, config, shape), { ...inputs, context });
  expect(output.shape).toEqual(shapeOf(`${name}.output`));
  expect(relativeDifference(output.data, values(`${name}.output`))).toBeLessThan(FLOAT32_TOLERANCE);

  const keys = await runGraph(buildPromptKeys(checkpoint, config, { dialect, rows: batch * 77 }), {
    context,
  });
  const fed = await runGraph(buildUnet(checkpoint, config, { ...shape, promptKeysFed: true }), {
    ...inputs,
    ...Object.fromEntries(Object.entries(keys).map(([key, { data }]) => [key, data])),
  });
  expect(relativeDifference(fed.output.data, output.data)).toBeLessThan(SAME_GRAPH_TOLERANCE);
});
