// A graph with adapters fed into its slots gives what the same graph gives with the adapters merged into its weights, for every
// published form; whose merges agree with their authors' code is merges.test.ts.

import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import type { AppliedLora } from "../../../../src/models/adapters/adapted-tensor.ts";
import {
  activeTensor,
  emptyTensors,
  factorTensors,
  scaleTensor,
  type FedTensor,
} from "../../../../src/models/adapters/adapter-packs.ts";
import type { AdaptedNetwork } from "../../../../src/models/adapters/adapter-targets.ts";
import { splitLoras } from "../../../../src/models/adapters/graph-adapters.ts";
import { readLora } from "../../../../src/models/adapters/lora.ts";
import { buildTextEncoder } from "../../../../src/models/clip-text-encoder.ts";
import { detectModel } from "../../../../src/models/detect-model.ts";
import { dialects } from "../../../../src/models/dialects.ts";
import type { AdaptableModel } from "../../../../src/models/layers/adapter-slots.ts";
import type { DetectedModel } from "../../../../src/models/model-config.ts";
import { buildUnet } from "../../../../src/models/unet.ts";
import { memorySource } from "../../../../src/weights/memory-source.ts";
import { openSafetensors } from "../../../../src/weights/safetensors.ts";
import {
  createGraphSession,
  relativeDifference,
  runGraph,
  type GraphInputs,
} from "../../../support/run-graph.ts";

const TOLERANCE = 1e-5;
const FIXTURES = new URL("../../../fixtures/", import.meta.url);

const open = (path: string) => openSafetensors(memorySource(readFileSync(new URL(path, FIXTURES)), path));

const dialect = dialects["wasm-float32"];
const SHAPE = { batch: 2, latentHeight: 8, latentWidth: 8, tokens: 77 };

let model: DetectedModel;
let unetInputs: GraphInputs;

beforeAll(async () => {
  model = detectModel(await open("models/tiny.safetensors"));
  let state = 1;
  const noise = (length: number): Float32Array =>
    Float32Array.from({ length }, () => {
      state = (state * 16807) % 2147483647;
      return state / 1073741823.5 - 1;
    });
  unetInputs = { latents: noise(2 * 4 * 64), timestep: Float32Array.of(411), context: noise(2 * 77 * 128) };
});

async function applied(variant: string, unet: number, textEncoder = unet): Promise<AppliedLora> {
  return {
    lora: readLora(await open(`adapters/${variant}.safetensors`), model),
    strengths: { unet, textEncoder },
  };
}

const unetWith = (adapters?: { merged: readonly AppliedLora[]; slots: boolean }): AdaptableModel =>
  buildUnet(model.checkpoint, model.unet, { dialect, ...SHAPE, adapters });

const record = (tensors: readonly FedTensor[]): GraphInputs =>
  Object.fromEntries(tensors.map((tensor) => [tensor.name, tensor]));

async function fedInputs(
  graph: AdaptableModel,
  fed: readonly AppliedLora[],
  network: AdaptedNetwork = "unet",
): Promise<GraphInputs> {
  const tensors = [activeTensor(true)];
  for (const pack of graph.adapterPacks) {
    tensors.push(...(await factorTensors(pack, fed)), scaleTensor(pack, fed, network));
  }
  return record(tensors);
}

const emptyInputs = (graph: AdaptableModel): GraphInputs =>
  record([activeTensor(false), ...graph.adapterPacks.flatMap(emptyTensors)]);

const output = async (graph: AdaptableModel, inputs: GraphInputs): Promise<Float32Array> =>
  (await runGraph(graph, inputs)).output.data;

describe("the UNet", () => {
  let base: Float32Array;
  beforeAll(async () => {
    base = await output(unetWith(), unetInputs);
  });

  // Not bit for bit: the runtime fuses other operators where there are slots.
  test("gives the output of a graph without slots while nothing is fed", async () => {
    const graph = unetWith({ merged: [], slots: true });
    const result = await output(graph, { ...unetInputs, ...emptyInputs(graph) });
    expect(relativeDifference(result, base)).toBeLessThan(TOLERANCE);
  });

  test.each(["kohya", "kohya-original", "tucker", "loha", "lokr", "lokr-both", "peft", "peft-rslora"])(
    "takes a whole %s file through its slots",
    async (variant) => {
      const loras = [await applied(variant, 0.7)];
      const { fed, merged } = splitLoras(loras, "unet");
      expect(merged).toEqual([]);
      const graph = unetWith({ merged, slots: true });
      const result = await output(graph, { ...unetInputs, ...(await fedInputs(graph, fed)) });
      const expected = await output(unetWith({ merged: loras, slots: false }), unetInputs);
      expect(relativeDifference(result, expected)).toBeLessThan(TOLERANCE);
      expect(relativeDifference(result, base)).toBeGreaterThan(1e-3);
    },
  );

  test.each([
    "loha-tucker",
    "lokr-tucker",
    "lokr-full",
    "dora-outputs",
    "dora-inputs",
    "doha",
    "full",
    "peft-dora",
  ])("needs %s merged", async (variant) => {
    const { fed, merged } = splitLoras([await applied(variant, 0.7)], "unet");
    expect(fed).toEqual([]);
    expect(merged).toHaveLength(1);
  });

  test("mixes fed and merged adapters of one job, each weight in one way", async () => {
    const variants = ["kohya", "dora-outputs", "peft", "loha", "tucker", "lokr", "full", "kohya-original"];
    const loras = await Promise.all(variants.map((variant, i) => applied(variant, (i + 1) / 8)));
    const { fed, merged } = splitLoras(loras, "unet");
    const keys = (side: readonly AppliedLora[]): Set<string> =>
      new Set(side.flatMap(({ lora }) => [...lora.patches.keys()]));
    expect(keys(fed).size).toBeGreaterThan(0);
    const both = [...keys(fed)].filter((key) => keys(merged).has(key));
    expect(both).toEqual([]);
    const graph = unetWith({ merged, slots: true });
    const result = await output(graph, { ...unetInputs, ...(await fedInputs(graph, fed)) });
    const expected = await output(unetWith({ merged: loras, slots: false }), unetInputs);
    expect(relativeDifference(result, expected)).toBeLessThan(TOLERANCE);
  });

  test("takes other strengths and other adapters in the same session, and none at all", async () => {
    const graph = unetWith({ merged: [], slots: true });
    const session = await createGraphSession(graph);
    const run = async (inputs: GraphInputs): Promise<Float32Array> =>
      (await session.run({ ...unetInputs, ...inputs })).output.data.slice();
    try {
      const before = await run(emptyInputs(graph));
      for (const [variant, strength] of [
        ["kohya", 1],
        ["kohya", -0.25],
        ["loha", 0.5],
      ] as const) {
        const loras = [await applied(variant, strength), await applied("peft", 0.3)];
        const result = await run(await fedInputs(graph, splitLoras(loras, "unet").fed));
        const expected = await output(unetWith({ merged: loras, slots: false }), unetInputs);
        expect(relativeDifference(result, expected)).toBeLessThan(TOLERANCE);
      }
      expect(await run(emptyInputs(graph))).toEqual(before);
    } finally {
      await session.release();
    }
  });

  test.each(["webgpu-float32", "webgpu-float16"] as const)("has the same slots in dialect %s", async (id) => {
    const build = (adapters: { merged: readonly AppliedLora[]; slots: boolean }): AdaptableModel =>
      buildUnet(model.checkpoint, model.unet, { dialect: dialects[id], ...SHAPE, adapters });
    const loras = [await applied("kohya", 0.7)];
    const graph = build({ merged: [], slots: true });
    const result = await output(graph, { ...unetInputs, ...(await fedInputs(graph, loras)) });
    const expected = await output(build({ merged: loras, slots: false }), unetInputs);
    expect(relativeDifference(result, expected)).toBeLessThan(id === "webgpu-float16" ? 2e-3 : TOLERANCE);
  });
});

test("the text encoder has its own strengths", async () => {
  const textWith = (adapters?: { merged: readonly AppliedLora[]; slots: boolean }): AdaptableModel =>
    buildTextEncoder(model.checkpoint, model.textEncoders[0], { dialect, clipSkip: 1, adapters });
  const ids = { input_ids: Int32Array.from({ length: 77 }, (_, i) => (i * 37) % 100) };
  const loras = [await applied("kohya", 0, 0.9), await applied("peft", 5, -0.4)];
  const { fed } = splitLoras(loras, "textEncoder");
  const graph = textWith({ merged: [], slots: true });
  const { hidden } = await runGraph(graph, { ...ids, ...(await fedInputs(graph, fed, "textEncoder")) });
  const expected = await runGraph(textWith({ merged: loras, slots: false }), ids);
  const base = await runGraph(textWith(), ids);
  expect(relativeDifference(hidden.data, expected.hidden.data)).toBeLessThan(TOLERANCE);
  expect(relativeDifference(hidden.data, base.hidden.data)).toBeGreaterThan(1e-3);
});
