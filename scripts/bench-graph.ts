// `npm run bench:graph`: other ways to write the UNet's graph against the app's, and where the CPU's time goes, with the embedded
// model on the WASM kernels in Node. Writes ratios into docs/benchmarks.md; `npm run bench:gpu -- --variants` does so on a GPU.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { compareGraphs, measureVariants } from "../src/engine/benchmark/graph-variants.ts";
import { detectModel } from "../src/models/detect-model.ts";
import { dialects, type Dialect } from "../src/models/dialects.ts";
import type { DetectedModel } from "../src/models/model-config.ts";
import { promptKeyBytes } from "../src/models/prompt-keys.ts";
import {
  SYNTHETIC_CHECKPOINTS,
  syntheticFamily,
  syntheticModel,
} from "../src/models/synthetic/synthetic-models.ts";
import { buildUnet } from "../src/models/unet.ts";
import { buildVaeDecoder } from "../src/models/vae-decoder.ts";
import type { OnnxModel } from "../src/onnx/onnx-model.ts";
import { configureOrt } from "../src/ort/ort-build.ts";
import { OrtRuntime } from "../src/ort/ort-runtime.ts";
import type { VariantRow } from "../src/protocol/benchmark-api.ts";
import { memorySource } from "../src/weights/memory-source.ts";
import { openSafetensors } from "../src/weights/safetensors.ts";
import { writeBenchmarkPart } from "./benchmark-doc.ts";
import { variantTable } from "./benchmark-table.ts";
import { layerShare, operatorShares, profileOnWasm } from "./wasm-profile.ts";

const MODEL = join(import.meta.dirname, "../public/models/kiln-small/kiln-small.safetensors");
const LATENTS = 32; // 256x256 pixels
const TOKENS = 77;
const GUIDED_BATCH = 2;
const LEAST_SHARE = 0.01;

const dialect = dialects["wasm-float32"];
const size = { latentHeight: LATENTS, latentWidth: LATENTS };
const shape = { ...size, batch: GUIDED_BATCH, tokens: TOKENS };
const percent = (value: number): string => `${(100 * value).toFixed(1)} %`;

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

/** Which other programs on the machine do not lengthen. */
const processorTime = (): number => {
  const { user, system } = process.cpuUsage();
  return user + system;
};

async function variantRows(
  { checkpoint, unet }: DetectedModel,
  rounds: number,
): Promise<readonly VariantRow[]> {
  const runtime = await createRuntime();
  return measureVariants(
    { createSession: (graph) => runtime.createSession(graph, "cpu") },
    { model: "kiln-small", checkpoint, config: unet, dialect, shape },
    rounds,
    (name) => console.error(name),
    processorTime,
  );
}

const DECODER_VARIANTS: readonly (readonly [name: string, changes: Partial<Dialect>])[] = [
  ["decoding, maps doubled before their convolution", { doublingConvolution: false }],
  ["decoding, no convolutions along rows", { rowWinograd: false }],
];

async function decoderRows(
  { checkpoint, vae }: DetectedModel,
  rounds: number,
): Promise<readonly VariantRow[]> {
  const runtime = await createRuntime();
  const build = (changes: Partial<Dialect>): OnnxModel =>
    buildVaeDecoder(checkpoint, vae, { dialect: { ...dialect, ...changes }, batch: 1, ...size });
  const rows: VariantRow[] = [];
  for (const [name, changes] of DECODER_VARIANTS) {
    console.error(name);
    const graphs = [build(changes), build({})] as const;
    const sessions = { createSession: (graph: OnnxModel) => runtime.createSession(graph, "cpu") };
    const compared = await compareGraphs(sessions, ...graphs, rounds, processorTime);
    const [theirs, ours] = graphs.map(
      ({ workingBytes }) => `${(workingBytes.wholeScores / 2 ** 20).toFixed(0)} MiB`,
    );
    rows.push({ model: "kiln-small", name: `${name} (${theirs} at work, ours ${ours})`, ...compared });
  }
  return rows;
}

/** Multiply-adds and bytes that keys and values of a guided prompt take at full size. */
async function promptKeyFigures(): Promise<string> {
  const figures = await Promise.all(
    SYNTHETIC_CHECKPOINTS.map(async (id) => {
      const { unet } = detectModel(await openSafetensors(syntheticModel(id, "full")), syntheticFamily(id).id);
      const bytes = promptKeyBytes(unet, "float16");
      const rows = GUIDED_BATCH * TOKENS;
      const products = (rows * unet.contextWidth * bytes) / 2;
      return `${id} ${(products / 1e9).toFixed(1)} GMAC and ${((rows * bytes) / 2 ** 20).toFixed(0)} MB`;
    }),
  );
  return `Keys and values of a prompt and its negative prompt at full size, in float16: ${figures.join(", ")}.`;
}

async function profiles({ checkpoint, unet, vae }: DetectedModel, runs: number): Promise<readonly string[]> {
  const step = await profileOnWasm(buildUnet(checkpoint, unet, { dialect, ...shape }), runs);
  const decoder = await profileOnWasm(buildVaeDecoder(checkpoint, vae, { dialect, batch: 1, ...size }), runs);
  const line = (nodes: typeof step): string =>
    operatorShares(nodes, LEAST_SHARE)
      .map(({ operator, share }) => `${operator} ${percent(share)}`)
      .join(", ");
  const invariant = [
    ["keys and values of the prompt", /attn2\.to_[kv]\//],
    ["the time embedding", /time_embed/],
    ["each block's projection of it", /emb_layers/],
  ] as const;
  return [
    "| where the time goes | shares of the nodes' time |",
    "| --- | --- |",
    `| a guided step | ${line(step)} |`,
    `| decoding | ${line(decoder)} |`,
    `| of the step, known before it begins | ${invariant.map(([what, layers]) => `${what} ${(100 * layerShare(step, layers)).toFixed(2)} %`).join(", ")} |`,
  ];
}

const { values } = parseArgs({
  options: { rounds: { type: "string", default: "9" }, write: { type: "boolean", default: false } },
});
const rounds = Number(values.rounds);
if (!Number.isInteger(rounds) || rounds < 1)
  throw new Error(`--rounds: expected a whole number of at least 1`);

const model = detectModel(await openSafetensors(memorySource(readFileSync(MODEL), "kiln-small")));
const markdown = [
  `Kiln Small's UNet at ${LATENTS}x${LATENTS} latents, WASM under Node, medians of ${rounds} rounds in turn of processor time.`,
  await promptKeyFigures(),
  "",
  ...variantTable([...(await variantRows(model, rounds)), ...(await decoderRows(model, rounds))]),
  "",
  ...(await profiles(model, rounds)),
].join("\n");
console.log(markdown);
if (values.write) await writeBenchmarkPart("bench-graph", markdown);
process.exit(0); // the runtime's thread stays
