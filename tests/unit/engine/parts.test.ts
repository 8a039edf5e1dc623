// What a job uses beside its checkpoint: embeddings against transformers, another file's VAE against diffusers
// (tools/fixtures/model_parts.py), and what a picture's infotext says of both.

import { beforeAll, describe, expect, test } from "vitest";
import type { KilnEngine } from "../../../src/engine/engine.ts";
import { memoryLimits } from "../../../src/engine/memory-policy.ts";
import { ModelLoader } from "../../../src/engine/model-loader.ts";
import { promptEmbeddings } from "../../../src/engine/prompt-embeddings.ts";
import { detectModel } from "../../../src/models/detect-model.ts";
import { createClipTokenizer } from "../../../src/prompt/clip-tokenizer.ts";
import type { EngineEvent } from "../../../src/protocol/engine-api.ts";
import { memorySource } from "../../../src/weights/memory-source.ts";
import { writeSafetensors } from "../../../src/weights/write-safetensors.ts";
import { GoldenTensors } from "../../support/fixture-model.ts";
import { openPart, partBytes, partRecord } from "../../support/fixture-parts.ts";
import { headerFixture, headerOnlyCheckpoint } from "../../support/header-only.ts";
import { startNodeEngine } from "../../support/node-engine.ts";
import { createNodeRuntime } from "../../support/node-runtime.ts";
import { relativeDifference } from "../../support/run-graph.ts";
import { tinyRequest } from "../../support/tiny-request.ts";
import { tinyVocabulary } from "../../support/tiny-vocabulary.ts";

const TOLERANCE = 1e-4;
const EMBEDDING = partRecord("qz.safetensors", "embedding", { vectors: 3 });
const VAE = partRecord("vae-diffusers.safetensors", "vae");

let golden: GoldenTensors;
beforeAll(async () => {
  golden = await GoldenTensors.of(partBytes("golden.safetensors"));
});

describe("the engine", () => {
  let engine: KilnEngine;
  let events: EngineEvent[];

  beforeAll(async () => {
    const records = [EMBEDDING, VAE];
    ({ engine, events } = await startNodeEngine({
      openModel: openPart(records),
      listModels: () => Promise.resolve(records),
    }));
  });

  const infotext = (): string =>
    events.findLast((event) => event.type === "picture")?.picture.infotext ?? "no picture";

  test("encodes an embedding's vectors as transformers does", async () => {
    const request = tinyRequest({ prompt: "f QZ j", steps: 1, dumpTensors: true });
    const { tensors = {} } = await engine.generate("embedding", request);
    expect(relativeDifference(tensors.conditioning.data, golden.float32("embedding.hidden"))).toBeLessThan(
      TOLERANCE,
    );
    expect(infotext()).toContain(`TI hashes: "qz: ${EMBEDDING.sha256.slice(0, 12)}"`);
  });

  test("counts an embedding's vectors as tokens", async () => {
    expect(await engine.countTokens("tiny", "f qz j")).toEqual({ tokens: 5, capacity: 75 });
  });

  test("decodes with another file's VAE and says so, and keeps the checkpoint's own otherwise", async () => {
    const request = tinyRequest({ steps: 1, dumpTensors: true });
    const own = await engine.generate("own", request);
    expect(infotext()).not.toContain("VAE");
    expect(infotext()).not.toContain("TI hashes");
    const other = await engine.generate("other", { ...request, vaeId: VAE.id });
    expect(other.tensors?.latents.data).toEqual(own.tensors?.latents.data);
    expect(relativeDifference(other.tensors!.image.data, own.tensors!.image.data)).toBeGreaterThan(0.01);
    expect(infotext()).toContain(`VAE hash: ${VAE.sha256.slice(0, 10)}, VAE: vae-diffusers.safetensors`);
  });

  test("refuses what is no VAE", async () => {
    await expect(engine.generate("wrong", tinyRequest({ vaeId: EMBEDDING.id }))).rejects.toMatchObject({
      name: "MissingTensor",
    });
  });
});

test("a VAE in Diffusers' layout decodes as diffusers does", async () => {
  const runtime = await createNodeRuntime();
  const unused = (): Promise<never> => Promise.reject(new Error("unused"));
  const loader = new ModelLoader(runtime, openPart([VAE]), unused, memoryLimits("wasm", 8));
  const session = await loader.vaeDecoder(await loader.open("tiny", VAE.id), 4, 4);
  const { pixels } = await session.run({ latents: golden.float32("vae.latents") });
  expect(relativeDifference(pixels, golden.float32("vae.pixels"))).toBeLessThan(TOLERANCE);
  await loader.unload();
});

describe("embeddings of the library", () => {
  const sdxl = detectModel(headerOnlyCheckpoint(headerFixture("stable-diffusion-xl-base")));
  const sd15 = detectModel(headerOnlyCheckpoint(headerFixture("stable-diffusion-1-5")));
  const base = createClipTokenizer(tinyVocabulary.vocabJson, tinyVocabulary.mergesText);
  const floats = (key: string, value: number, width: number) =>
    [
      key,
      { dtype: "F32", shape: [1, width], bytes: new Uint8Array(new Float32Array(width).fill(value).buffer) },
    ] as const;
  const pair = writeSafetensors(new Map([floats("clip_g", 2, 1280), floats("clip_l", 1, 768)]));
  const single = writeSafetensors(new Map([floats("emb_params", 3, 768)]));
  const wide = partRecord("cat.pt", "embedding", { id: "pair", family: "sdxl", vectors: 1 });
  const narrow = partRecord("cat.safetensors", "embedding", { id: "single", family: "sd1", vectors: 1 });
  const opened: string[] = [];
  const open = (id: string) => {
    opened.push(id);
    const record = id === "pair" ? wide : narrow;
    return Promise.resolve({ record, source: memorySource(id === "pair" ? pair : single, record.fileName) });
  };

  test("give each of SDXL's encoders its own half", async () => {
    const embeddings = promptEmbeddings(sdxl, [wide], open);
    const tokenizer = embeddings.tokenizer(base);
    const [id] = tokenizer.encode("cat");
    expect(await embeddings.vectors(tokenizer, 0).vector(id)).toEqual(new Float32Array(768).fill(1));
    expect(await embeddings.vectors(tokenizer, 1).vector(id)).toEqual(new Float32Array(1280).fill(2));
    expect(embeddings.used).toEqual([wide]);
  });

  test("of one name are told apart by the model's family", async () => {
    for (const [model, expected] of [
      [sdxl, wide],
      [sd15, narrow],
    ] as const) {
      const embeddings = promptEmbeddings(model, [narrow, wide, narrow], open);
      const tokenizer = embeddings.tokenizer(base);
      await embeddings.vectors(tokenizer, 0).vector(tokenizer.encode("cat")[0]);
      expect(embeddings.used).toEqual([expected]);
    }
  });

  test("are not read before a prompt names them", () => {
    opened.length = 0;
    const embeddings = promptEmbeddings(sd15, [narrow], open);
    expect(embeddings.vectors(embeddings.tokenizer(base), 0).vector(5)).toBeUndefined();
    expect([opened, embeddings.used]).toEqual([[], []]);
  });

  test("for another model are refused with both widths", async () => {
    const lone = writeSafetensors(new Map([floats("emb_params", 1, 1024)]));
    const record = partRecord("cat.safetensors", "embedding", { family: "sd2-base", vectors: 1 });
    const embeddings = promptEmbeddings(sd15, [record], () =>
      Promise.resolve({ record, source: memorySource(lone, record.fileName) }),
    );
    const tokenizer = embeddings.tokenizer(base);
    await expect(embeddings.vectors(tokenizer, 0).vector(tokenizer.encode("cat")[0])).rejects.toThrow(
      /cat\.safetensors: emb_params should be \[1 to 75, 768\], got \[1, 1024\]/,
    );
  });
});
