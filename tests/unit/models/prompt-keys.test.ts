// A UNet fed with keys and values made of the prompt beforehand gives what the UNet gives that makes them itself: with LoRAs in
// slots and merged, and in every dialect the same inputs. SDXL's depths and class embedding are in family-graphs.test.ts.

import { readFileSync } from "node:fs";
import { beforeAll, expect, test } from "vitest";
import type { AppliedLora } from "../../../src/models/adapters/adapted-tensor.ts";
import { activeTensor, factorTensors, scaleTensor } from "../../../src/models/adapters/adapter-packs.ts";
import { readLora } from "../../../src/models/adapters/lora.ts";
import { detectModel } from "../../../src/models/detect-model.ts";
import { dialects } from "../../../src/models/dialects.ts";
import type { AdaptableModel } from "../../../src/models/layers/adapter-slots.ts";
import type { DetectedModel } from "../../../src/models/model-config.ts";
import { buildPromptKeys, promptKeyBytes } from "../../../src/models/prompt-keys.ts";
import { buildUnet } from "../../../src/models/unet.ts";
import type { OnnxValueInfo } from "../../../src/onnx/onnx-model.ts";
import { torchCpuGenerator } from "../../../src/sampling/torch-cpu.ts";
import { memorySource } from "../../../src/weights/memory-source.ts";
import { openSafetensors } from "../../../src/weights/safetensors.ts";
import {
  createGraphSession,
  relativeDifference,
  runGraph,
  type GraphInputs,
} from "../../support/run-graph.ts";

const TOLERANCE = 1e-6;
const FIXTURES = new URL("../../fixtures/", import.meta.url);
const SHAPE = { batch: 2, latentHeight: 8, latentWidth: 8, tokens: 77 };
const dialect = dialects["wasm-float32"];

let model: DetectedModel;
let latents: Float32Array;
let context: Float32Array;

const open = (path: string) => openSafetensors(memorySource(readFileSync(new URL(path, FIXTURES)), path));

beforeAll(async () => {
  model = detectModel(await open("models/tiny.safetensors"));
  const noise = torchCpuGenerator(1);
  latents = noise.normal(2 * 4 * 64);
  context = noise.normal(2 * 77 * model.unet.contextWidth);
});

interface Adapters {
  readonly merged?: readonly AppliedLora[];
  readonly fed?: readonly AppliedLora[];
}

async function slotInputs(graph: AdaptableModel, fed: readonly AppliedLora[]): Promise<GraphInputs> {
  const tensors = [activeTensor(true)];
  for (const pack of graph.adapterPacks)
    tensors.push(...(await factorTensors(pack, fed)), scaleTensor(pack, fed, "unet"));
  return Object.fromEntries(tensors.map((tensor) => [tensor.name, tensor]));
}

async function outputs(graph: AdaptableModel, inputs: GraphInputs, fed: readonly AppliedLora[] | undefined) {
  return runGraph(graph, { ...inputs, ...(fed && (await slotInputs(graph, fed))) });
}

async function predicted(promptKeysFed: boolean, { merged = [], fed }: Adapters): Promise<Float32Array> {
  const { checkpoint, unet } = model;
  const adapters = { merged, slots: fed !== undefined };
  const graph = buildUnet(checkpoint, unet, { dialect, ...SHAPE, promptKeysFed, adapters });
  const prompt: Record<string, Float32Array> = { context };
  if (promptKeysFed) {
    const rows = SHAPE.batch * SHAPE.tokens;
    const keys = await outputs(
      buildPromptKeys(checkpoint, unet, { dialect, rows, adapters }),
      { context },
      fed,
    );
    for (const [name, { data }] of Object.entries(keys)) prompt[name] = data;
  }
  const results = await outputs(graph, { latents, timestep: Float32Array.of(411), ...prompt }, fed);
  return results.output.data;
}

async function lora(strength: number): Promise<AppliedLora> {
  const file = await open("adapters/kohya.safetensors");
  return { lora: readLora(file, model), strengths: { unet: strength, textEncoder: strength } };
}

test("the same output without LoRAs", async () => {
  expect(relativeDifference(await predicted(true, {}), await predicted(false, {}))).toBeLessThan(TOLERANCE);
});

test.each(["fed", "merged"] as const)("the same output with a LoRA %s, at each strength", async (way) => {
  const base = await predicted(true, {});
  for (const strength of [0.7, -0.4]) {
    const adapters = { [way]: [await lora(strength)] };
    const result = await predicted(true, adapters);
    expect(relativeDifference(result, await predicted(false, adapters))).toBeLessThan(TOLERANCE);
    expect(relativeDifference(result, base)).toBeGreaterThan(1e-3);
  }
});

test("a LoRA's changes of to_k and to_v are in the keys and values, not in the UNet", async () => {
  const { checkpoint, unet } = model;
  const adapters = { merged: [], slots: true };
  const keysOf = (graph: AdaptableModel) =>
    graph.adapterPacks.flatMap(({ slots }) => slots.map(({ key }) => key));
  const apart = keysOf(buildPromptKeys(checkpoint, unet, { dialect, rows: 77, adapters }));
  const inside = keysOf(buildUnet(checkpoint, unet, { dialect, ...SHAPE, promptKeysFed: true, adapters }));
  const whole = keysOf(buildUnet(checkpoint, unet, { dialect, ...SHAPE, adapters }));
  expect(apart.every((key) => /attn2\.to_[kv]\.weight$/.test(key))).toBe(true);
  expect([...apart, ...inside].sort()).toEqual([...whole].sort());
  const session = await createGraphSession(
    buildPromptKeys(checkpoint, unet, { dialect, rows: 154, adapters }),
  );
  try {
    const graph = buildPromptKeys(checkpoint, unet, { dialect, rows: 154, adapters });
    const run = async (strength: number) =>
      Object.values(await session.run({ context, ...(await slotInputs(graph, [await lora(strength)])) }))[0]
        .data;
    expect(relativeDifference((await run(1)).slice(), (await run(0.5)).slice())).toBeGreaterThan(1e-3);
  } finally {
    await session.release();
  }
});

test.each(Object.values(dialects))("in dialect $id the UNet takes what the other graph gives", (each) => {
  const { checkpoint, unet } = model;
  const { inputs } = buildUnet(checkpoint, unet, { dialect: each, ...SHAPE, promptKeysFed: true });
  const { outputs: given } = buildPromptKeys(checkpoint, unet, { dialect: each, rows: 154 });
  expect(inputs.map(({ name }) => name)).not.toContain("context");
  const taken = inputs.filter(({ name }) => name.includes("attn2"));
  const described = (values: readonly OnnxValueInfo[]) =>
    values.map(({ name, dtype, shape }) => [name, dtype, shape.reduce((product, side) => product * side, 1)]);
  expect(described(taken)).toEqual(described(given));
  const elements = given.reduce((sum, { shape }) => sum + shape[1], 0);
  expect(promptKeyBytes(unet, each.precision)).toBe(elements * (each.precision === "float16" ? 2 : 4));
});
