// `npm run bench:graph`: bounds what changes of the UNet's graph could gain, by timing variants of it in turn in one process (WASM,
// Node). Writes ratios into docs/benchmarks.md; it changes no graph.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { benchmarkInputs } from "../src/engine/benchmark/measured-components.ts";
import { detectModel } from "../src/models/detect-model.ts";
import { dialects } from "../src/models/dialects.ts";
import type { UnetConfig } from "../src/models/model-config.ts";
import {
  SYNTHETIC_CHECKPOINTS,
  syntheticFamily,
  syntheticModel,
} from "../src/models/synthetic/synthetic-models.ts";
import { buildUnet } from "../src/models/unet.ts";
import { configureOrt } from "../src/ort/ort-build.ts";
import { OrtRuntime } from "../src/ort/ort-runtime.ts";
import { median } from "../src/shared/median.ts";
import { memorySource } from "../src/weights/memory-source.ts";
import { openSafetensors } from "../src/weights/safetensors.ts";
import { writeBenchmarkPart } from "./benchmark-doc.ts";

const MODEL = join(import.meta.dirname, "../public/models/kiln-small/kiln-small.safetensors");
const LATENTS = 32; // 256x256 pixels
const TOKENS = 77;

interface Variant {
  readonly batch: number;
  readonly tokens: number;
  /** How often it runs for one step. */
  readonly times: number;
}

const VARIANTS = {
  guided: { batch: 2, tokens: TOKENS, times: 1 },
  halves: { batch: 1, tokens: TOKENS, times: 2 },
  // Without keys and values of the prompt and without nearly all of the attention to it.
  unprompted: { batch: 2, tokens: 1, times: 1 },
} as const satisfies Record<string, Variant>;

async function createRuntime(): Promise<OrtRuntime> {
  const ort = await import("onnxruntime-web/wasm");
  configureOrt(ort, 1);
  const report = {
    device: "wasm",
    precision: "float32",
    threads: 1,
    description: "Node",
    reason: "",
  } as const;
  return new OrtRuntime({ ort, name: "node", threads: 1 }, { kind: "wasm", report });
}

/** Median seconds of a step by variant; the variants take turns, so that whatever else the machine does meets all alike. */
async function stepSeconds(rounds: number): Promise<Record<keyof typeof VARIANTS, number>> {
  const runtime = await createRuntime();
  const { checkpoint, unet } = detectModel(
    await openSafetensors(memorySource(readFileSync(MODEL), "kiln-small")),
  );
  const names = Object.keys(VARIANTS) as (keyof typeof VARIANTS)[];
  const runs = await Promise.all(
    names.map(async (name) => {
      const { batch, tokens, times } = VARIANTS[name];
      const shape = { batch, tokens, latentHeight: LATENTS, latentWidth: LATENTS };
      const model = buildUnet(checkpoint, unet, { dialect: dialects["wasm-float32"], ...shape });
      const session = await runtime.createSession(model, "cpu");
      const feeds = benchmarkInputs(model.inputs);
      return async (): Promise<number> => {
        const start = performance.now();
        for (let i = 0; i < times; i++) await session.run(feeds);
        return (performance.now() - start) / 1000;
      };
    }),
  );
  for (const run of runs) await run();
  const taken = names.map((): number[] => []);
  for (let round = 0; round < rounds; round++)
    for (const [i, run] of runs.entries()) taken[i].push(await run());
  return Object.fromEntries(names.map((name, i) => [name, median(taken[i])])) as Record<
    keyof typeof VARIANTS,
    number
  >;
}

/** Multiply-adds per token of a prompt that its keys and values cost in one forward. */
function promptProjections({ inputBlocks, middleBlock, outputBlocks, contextWidth }: UnetConfig): number {
  const blocks = [...inputBlocks, ...(middleBlock ? [middleBlock] : []), ...outputBlocks];
  return blocks
    .flatMap(({ layers }) => layers)
    .reduce(
      (sum, layer) =>
        sum + (layer.kind === "transformer" ? 2 * contextWidth * layer.channels * layer.depth : 0),
      0,
    );
}

const { values } = parseArgs({
  options: { rounds: { type: "string", default: "9" }, write: { type: "boolean", default: false } },
});
const rounds = Number(values.rounds);
if (!Number.isInteger(rounds) || rounds < 1)
  throw new Error(`--rounds: expected a whole number of at least 1`);

const { guided, halves, unprompted } = await stepSeconds(rounds);
const percent = (value: number): string => `${(100 * value).toFixed(1)} %`;
const projections = await Promise.all(
  SYNTHETIC_CHECKPOINTS.map(async (id) => {
    const { unet } = detectModel(await openSafetensors(syntheticModel(id, "full")), syntheticFamily(id).id);
    return `${id} ${((2 * TOKENS * promptProjections(unet)) / 1e9).toFixed(1)} GMAC`;
  }),
);
const table = [
  `Kiln Small's UNet at ${LATENTS}x${LATENTS} latents, WASM under Node, medians of ${rounds} rounds in turn. Keys and values of the`,
  `prompt in one guided step at full size: ${projections.join(", ")}.`,
  "",
  "| measured | of a guided step in one batch of 2 |",
  "| --- | --- |",
  `| two runs of batch 1 | ${percent(halves / guided)} |`,
  `| a prompt of 1 token instead of ${TOKENS}: no less is left when its keys and values are computed once | ${percent(unprompted / guided)} |`,
].join("\n");
console.log(table);
if (values.write) await writeBenchmarkPart("bench-graph", table);
process.exit(0); // the runtime's thread stays
