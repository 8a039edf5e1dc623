// Measures the ways a LoRA can reach a network (docs/decisions/0009-loras-in-graph-slots.md): fed into slots of the graph, merged
// while weights are read, and of patching single weights their merge. Runs the CPU kernels in Node; opens no browser. With --full,
// what is fed is measured on SD 1.5 at full size with random weights instead, which takes 6 GB of memory.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { adaptedTensor, type AppliedLora } from "../src/models/adapters/adapted-tensor.ts";
import {
  activeTensor,
  emptyTensors,
  factorTensors,
  scaleTensor,
  type FedTensor,
} from "../src/models/adapters/adapter-packs.ts";
import { readLora } from "../src/models/adapters/lora.ts";
import { detectModel } from "../src/models/detect-model.ts";
import { dialects } from "../src/models/dialects.ts";
import type { AdaptableModel } from "../src/models/layers/adapter-slots.ts";
import { syntheticModel } from "../src/models/synthetic/synthetic-models.ts";
import { buildUnet } from "../src/models/unet.ts";
import { memorySource } from "../src/weights/memory-source.ts";
import { openSafetensors } from "../src/weights/safetensors.ts";
import type { OrtSession } from "../src/ort/ort-session.ts";
import { createNodeRuntime } from "../tests/support/node-runtime.ts";
import { createGraphSession, type GraphInputs } from "../tests/support/run-graph.ts";
import { loraTargets, randomLora } from "./random-lora.ts";

const CHECKPOINT = join(import.meta.dirname, "..", "public/models/kiln-small/kiln-small.safetensors");
const RANK = 16;
const LATENTS = 32;
const RUNS = 7;

/** Processor time, which other programs on the machine do not lengthen. */
const seconds = async (task: () => unknown): Promise<number> => {
  const start = process.cpuUsage();
  await task();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1e6;
};

const full = process.argv.includes("--full");
const file = full
  ? syntheticModel("sd-1.5", "full")
  : memorySource(readFileSync(CHECKPOINT), "kiln-small.safetensors");
const model = detectModel(await openSafetensors(file));
const floats = (length: number): Float32Array =>
  Float32Array.from({ length }, () => (Math.random() - 0.5) / RANK);

const targets = loraTargets(model.unet);

async function applied(seed: number, strength: number): Promise<AppliedLora> {
  const lora = await openSafetensors(randomLora("random", model.unet, RANK, seed));
  return { lora: readLora(lora, model), strengths: { unet: strength, textEncoder: strength } };
}

// At full size one half of a guided step, with weights kept in float16, as they fit into the runtime's heap.
const dialect = dialects[full ? "wasm-compact" : "wasm-float32"];
const shape = { batch: full ? 1 : 2, latentHeight: LATENTS, latentWidth: LATENTS, tokens: 77 };
const build = (merged: readonly AppliedLora[], slots: boolean): AdaptableModel =>
  buildUnet(model.checkpoint, model.unet, {
    dialect,
    ...shape,
    adapters: { merged, slots },
  });
const inputs = {
  latents: floats(shape.batch * 4 * LATENTS * LATENTS),
  timestep: Float32Array.of(500),
  context: floats(shape.batch * 77 * model.unet.contextWidth),
};

interface Case {
  readonly name: string;
  readonly graph: AdaptableModel;
  readonly fed: readonly AppliedLora[];
}

async function fedTensors(
  { adapterPacks }: AdaptableModel,
  fed: readonly AppliedLora[],
): Promise<readonly FedTensor[]> {
  const tensors = [activeTensor(fed.length > 0)];
  for (const pack of adapterPacks) {
    tensors.push(
      ...(fed.length > 0
        ? [...(await factorTensors(pack, fed)), scaleTensor(pack, fed, "unet")]
        : emptyTensors(pack)),
    );
  }
  return tensors;
}

const withInputs = (tensors: readonly FedTensor[]): GraphInputs => ({
  ...inputs,
  ...Object.fromEntries(tensors.map((tensor) => [tensor.name, tensor])),
});

async function prepare({ graph, fed }: Case) {
  let session!: Awaited<ReturnType<typeof createGraphSession>>;
  const create = await seconds(async () => (session = await createGraphSession(graph)));
  let tensors: readonly FedTensor[] = [];
  const fill = await seconds(async () => (tensors = await fedTensors(graph, fed)));
  const rescale = await seconds(() => graph.adapterPacks.map((pack) => scaleTensor(pack, fed, "unet")));
  const feeds = withInputs(tensors);
  return { create, fill, rescale, session, step: () => seconds(() => session.run(feeds)) };
}

/** One session, as all that is fed shares one, made as the app makes it: the runtime must not widen weights for good. */
async function measureFullSize(): Promise<void> {
  const graph = build([], true);
  const runtime = await createNodeRuntime();
  let session!: OrtSession;
  const create = await seconds(async () => (session = await runtime.createSession(graph, "cpu")));
  console.log(`session ${create.toFixed(2)} s`);
  const nine = await Promise.all(Array.from({ length: 9 }, (_, i) => applied(i + 1, (i + 1) / 9)));
  session.bind(await fedTensors(graph, []));
  await session.run(inputs); // the first run sets up memory
  for (const count of [0, 1, 9, 1, 0]) {
    const fed = nine.slice(0, count);
    const fill = await seconds(async () => session.bind(await fedTensors(graph, fed)));
    const rescale = await seconds(() =>
      session.bind(graph.adapterPacks.map((pack) => scaleTensor(pack, fed, "unet"))),
    );
    const step = await seconds(() => session.run(inputs));
    console.log(
      `${count} LoRAs: fill ${fill.toFixed(3)} s, new strength ${rescale.toFixed(4)} s, step ${step.toFixed(2)} s`,
    );
  }
  await session.release();
}

if (full) {
  console.log(
    `SD 1.5 at full size, ${8 * LATENTS} px; LoRAs of rank ${RANK} on ${targets.length} linear layers`,
  );
  await measureFullSize();
  process.exit();
}

const seven = await Promise.all(Array.from({ length: 7 }, (_, i) => applied(i + 1, (i + 1) / 7)));
const cases: readonly Case[] = [
  { name: "no slots", graph: build([], false), fed: [] },
  { name: "slots, no LoRA", graph: build([], true), fed: [] },
  { name: "slots, 1 LoRA", graph: build([], true), fed: seven.slice(0, 1) },
  { name: "slots, 7 LoRAs", graph: build([], true), fed: seven },
  { name: "merged while read, 1 LoRA", graph: build(seven.slice(0, 1), false), fed: [] },
  { name: "merged while read, 7 LoRAs", graph: build(seven, false), fed: [] },
];
console.log(
  `kiln-small's UNet, ${8 * LATENTS} px, guided; LoRAs of rank ${RANK} on ${targets.length} linear layers`,
);
// The runtime compiles itself during its first session and run.
const warmUp = await prepare(cases[1]);
await warmUp.step();
await warmUp.session.release();
const prepared = [];
for (const each of cases) prepared.push(await prepare(each));
// Round by round, so that a slow moment of the machine meets all cases.
const steps: number[][] = cases.map(() => []);
for (let round = 0; round < RUNS; round++)
  for (const [i, { step }] of prepared.entries()) steps[i].push(await step());
const cell = (value: number): string => value.toFixed(3).padStart(7);
for (const [i, { create, fill, rescale, session }] of prepared.entries()) {
  const step = Math.min(...steps[i]);
  console.log(
    `${cases[i].name.padEnd(28)} session ${cell(create)} s, fill ${cell(fill)} s, new strength ${cell(rescale)} s, step ${cell(step)} s`,
  );
  await session.release();
}
const merge = await seconds(() => {
  for (const { key, shape: of } of targets)
    adaptedTensor(model.checkpoint, key, { dtype: "float32", shape: of }, seven).readSync();
});
console.log(
  `merging the changed weights alone, as patching them would need: ${merge.toFixed(3)} s for 7 LoRAs`,
);
