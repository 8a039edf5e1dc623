// The four graphs against PyTorch in float32, on a tiny random-weight checkpoint (tools/fixtures/models.py).

import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { buildTextEncoder } from "../../../src/models/clip-text-encoder.ts";
import { detectModel } from "../../../src/models/detect-model.ts";
import { dialects } from "../../../src/models/dialects.ts";
import type { DetectedModel } from "../../../src/models/model-config.ts";
import { buildUnet } from "../../../src/models/unet.ts";
import { buildVaeDecoder } from "../../../src/models/vae-decoder.ts";
import { buildVaeEncoder } from "../../../src/models/vae-encoder.ts";
import type { Checkpoint } from "../../../src/weights/checkpoint.ts";
import { memorySource } from "../../../src/weights/memory-source.ts";
import { openSafetensors } from "../../../src/weights/safetensors.ts";
import { relativeDifference, runGraph } from "../../support/run-graph.ts";

/** max|a - b| / max|b|. float16 weights, activations and sums through some ten layers. */
const TOLERANCES = { float32: 1e-4, float16: 2e-3 };
const FIXTURES = new URL("../../fixtures/models/", import.meta.url);

async function open(name: string): Promise<Checkpoint> {
  return openSafetensors(memorySource(readFileSync(new URL(name, FIXTURES)), name));
}

// The runtime widens what its CPU kernels lack in float16, so every dialect's graphs can be run here.
describe.each(Object.values(dialects))("in dialect $id the graphs agree with PyTorch", (dialect) => {
  const tolerance = TOLERANCES[dialect.precision];
  let model: DetectedModel;
  let fixtures: Checkpoint;

  beforeAll(async () => {
    model = detectModel(await open("tiny.safetensors"));
    fixtures = await open("components.safetensors");
  });

  function shapeOf(key: string): readonly number[] {
    const info = fixtures.tensors.get(key);
    if (!info) throw new Error(`no fixture ${key}`);
    return info.shape;
  }

  function values(key: string): Float32Array {
    shapeOf(key);
    const { start, end } = fixtures.tensors.get(key)!;
    return new Float32Array(fixtures.source.readSync(start, end).buffer);
  }

  test.each([1, 2])("text encoder, clip skip %i", async (clipSkip) => {
    const graph = buildTextEncoder(model.checkpoint, model.textEncoders[0], { dialect, clipSkip });
    const { start, end } = fixtures.tensors.get("text.ids")!;
    const ids = new Int32Array(fixtures.source.readSync(start, end).buffer);
    const { hidden } = await runGraph(graph, { input_ids: ids });
    expect(hidden.shape).toEqual([1, 77, 128]);
    expect(relativeDifference(hidden.data, values(`text.hidden_skip${clipSkip}`))).toBeLessThan(tolerance);
  });

  test.each(["even", "odd"])("unet, %s latent size", async (name) => {
    const [batch, , latentHeight, latentWidth] = shapeOf(`unet.${name}.latents`);
    const tokens = shapeOf(`unet.${name}.context`)[1];
    const graph = buildUnet(model.checkpoint, model.unet, {
      dialect,
      batch,
      latentHeight,
      latentWidth,
      tokens,
    });
    const { output } = await runGraph(graph, {
      latents: values(`unet.${name}.latents`),
      timestep: values(`unet.${name}.timestep`),
      context: values(`unet.${name}.context`),
    });
    expect(output.shape).toEqual(shapeOf(`unet.${name}.output`));
    expect(relativeDifference(output.data, values(`unet.${name}.output`))).toBeLessThan(tolerance);
  });

  test("unet, attention in pieces of query rows", async () => {
    const [batch, , latentHeight, latentWidth] = shapeOf("unet.odd.latents");
    const tokens = shapeOf("unet.odd.context")[1];
    // Heads of 4 over 63 tokens: 19 of the 63 rows at a time; over the prompt's 154 tokens, 8.
    const pieces = { ...dialect, maxAttentionWork: 4 * 63 * 20 };
    const options = { dialect: pieces, batch, latentHeight, latentWidth, tokens };
    const graph = buildUnet(model.checkpoint, model.unet, options);
    const { output } = await runGraph(graph, {
      latents: values("unet.odd.latents"),
      timestep: values("unet.odd.timestep"),
      context: values("unet.odd.context"),
    });
    expect(relativeDifference(output.data, values("unet.odd.output"))).toBeLessThan(tolerance);
  });

  test.each(["even", "odd"])("vae decoder, %s latent size", async (name) => {
    const [batch, , latentHeight, latentWidth] = shapeOf(`vae.${name}.latents`);
    const graph = buildVaeDecoder(model.checkpoint, model.vae, { dialect, batch, latentHeight, latentWidth });
    const { pixels } = await runGraph(graph, { latents: values(`vae.${name}.latents`) });
    expect(pixels.shape).toEqual(shapeOf(`vae.${name}.pixels`));
    expect(relativeDifference(pixels.data, values(`vae.${name}.pixels`))).toBeLessThan(TOLERANCES.float32);
  });

  test("vae decoder, attention in chunks of query rows", async () => {
    const [batch, , latentHeight, latentWidth] = shapeOf("vae.odd.latents");
    // Four of the fifteen rows at a time.
    const chunked = { ...dialect, maxScoreBytes: 4 * 15 * 4 };
    const options = { dialect: chunked, batch, latentHeight, latentWidth };
    const graph = buildVaeDecoder(model.checkpoint, model.vae, options);
    const { pixels } = await runGraph(graph, { latents: values("vae.odd.latents") });
    expect(relativeDifference(pixels.data, values("vae.odd.pixels"))).toBeLessThan(TOLERANCES.float32);
  });

  test.each(["even", "odd"])("vae encoder, %s latent size", async (name) => {
    const [, , height, width] = shapeOf(`vae.${name}.picture`);
    const graph = buildVaeEncoder(model.checkpoint, model.vae, { dialect, height, width });
    const { moments } = await runGraph(graph, { pixels: values(`vae.${name}.picture`) });
    expect(moments.shape).toEqual(shapeOf(`vae.${name}.moments`));
    expect(relativeDifference(moments.data, values(`vae.${name}.moments`))).toBeLessThan(TOLERANCES.float32);
  });
});
