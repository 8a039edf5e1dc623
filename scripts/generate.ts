// `npm run generate`: makes pictures from the shell with the built app's own engine in headless Chromium. Parses arguments
// and writes files; generation itself lives in src/.

import { randomInt } from "node:crypto";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, extname, resolve } from "node:path";
import { parseArgs } from "node:util";
import type { HeadlessTensor } from "../src/headless.ts";
import type { DevicePreference } from "../src/protocol/engine-api.ts";
import type { GenerationRequest, LoraUse } from "../src/protocol/generation-request.ts";
import { type CheckpointRecord, isCheckpoint, type ModelRecord } from "../src/protocol/library-api.ts";
import { writeSafetensors, type TensorToWrite } from "../src/weights/write-safetensors.ts";
import { type HeadlessBrowser, openHeadlessBrowser } from "./headless-browser.ts";
import { parseLoraArgument } from "./lora-argument.ts";

const USAGE = `npm run generate -- --prompt TEXT --out picture.png
  [--negative TEXT] [--steps N] [--cfg N] [--seed N] [--width N] [--height N] [--sampler NAME] [--schedule NAME]
  [--clip-skip N] [--noise cpu|nv] [--model FILE|FOLDER] [--device auto|webgpu|wasm] [--count N]
  [--vae FILE] [--embedding FILE, repeatable; its file name is its name in the prompt]
  [--lora FILE[:weight[:text-encoder-weight]], repeatable, in the order of application]
  [--dump-latents FILE.safetensors] [--json]

What is left out takes the model's own defaults; the seed is drawn. With --count above 1, pictures are numbered.`;

const DEVICES: readonly DevicePreference[] = ["auto", "webgpu", "wasm"];
const MAX_SEED = 2 ** 32 - 1;

class UsageError extends Error {}

function readArguments() {
  const { values } = parseArgs({
    options: {
      prompt: { type: "string" },
      negative: { type: "string", default: "" },
      steps: { type: "string" },
      cfg: { type: "string" },
      seed: { type: "string" },
      width: { type: "string" },
      height: { type: "string" },
      sampler: { type: "string" },
      schedule: { type: "string" },
      "clip-skip": { type: "string" },
      noise: { type: "string", default: "cpu" },
      model: { type: "string" },
      vae: { type: "string" },
      embedding: { type: "string", multiple: true, default: [] },
      lora: { type: "string", multiple: true, default: [] },
      device: { type: "string", default: "auto" },
      count: { type: "string", default: "1" },
      out: { type: "string" },
      "dump-latents": { type: "string" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  return values;
}

type Arguments = ReturnType<typeof readArguments>;

function numberOf(text: string | undefined, name: string, fallback: number): number {
  if (text === undefined) return fallback;
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value))
    throw new UsageError(`--${name}: expected a number, got "${text}"`);
  return value;
}

function checkArguments(args: Arguments): void {
  if (args.prompt === undefined) throw new UsageError("--prompt: expected a text, got nothing");
  if (args.out === undefined) throw new UsageError("--out: expected a file to write, got nothing");
  if (extname(args.out).toLowerCase() !== ".png")
    throw new UsageError(`--out: expected a .png file, got "${args.out}"`);
  if (!DEVICES.includes(args.device as DevicePreference)) {
    throw new UsageError(`--device: expected ${DEVICES.join(", ")}, got "${args.device}"`);
  }
  if (args.noise !== "cpu" && args.noise !== "nv")
    throw new UsageError(`--noise: expected cpu or nv, got "${args.noise}"`);
  if (args.model !== undefined && !existsSync(args.model))
    throw new UsageError(`--model: no such file: ${args.model}`);
}

/** @throws UsageError when the file is a model of another kind. */
async function importPart(
  browser: HeadlessBrowser,
  option: "vae" | "embedding" | "lora",
  path: string,
): Promise<ModelRecord> {
  if (!existsSync(path)) throw new UsageError(`--${option}: no such file: ${path}`);
  const record = await browser.importModel(resolve(path));
  if (record.type === option) return record;
  throw new UsageError(`--${option}: expected a file of that kind, got a ${record.type}: ${path}`);
}

async function importLora(browser: HeadlessBrowser, value: string): Promise<LoraUse> {
  const { path, unetWeight, textWeight } = parseLoraArgument(value);
  const { id } = await importPart(browser, "lora", path);
  return { modelId: id, unetWeight, textWeight };
}

function requestFor(
  args: Arguments,
  model: CheckpointRecord,
  loras: readonly LoraUse[],
  vae?: ModelRecord,
): GenerationRequest {
  const { defaults } = model;
  return {
    prompt: args.prompt!,
    negativePrompt: args.negative,
    modelId: model.id,
    ...(vae && { vaeId: vae.id }),
    loras,
    width: numberOf(args.width, "width", defaults.width),
    height: numberOf(args.height, "height", defaults.height),
    steps: numberOf(args.steps, "steps", defaults.steps),
    guidanceScale: numberOf(args.cfg, "cfg", defaults.guidanceScale),
    sampler: args.sampler ?? defaults.sampler,
    schedule: args.schedule ?? defaults.schedule,
    seed: numberOf(args.seed, "seed", randomInt(MAX_SEED)),
    batchCount: numberOf(args.count, "count", 1),
    batchSize: 1,
    clipSkip: numberOf(args["clip-skip"], "clip-skip", defaults.clipSkip),
    noiseSource: args.noise as "cpu" | "nv",
    preview: false,
    dumpTensors: args["dump-latents"] !== undefined,
  };
}

/** picture.png, or picture-1.png, picture-2.png, ... when there are several. */
function outputPath(out: string, index: number, count: number): string {
  const path = resolve(out);
  if (count === 1) return path;
  const extension = extname(path);
  return `${path.slice(0, -extension.length)}-${index + 1}${extension}`;
}

function write(path: string, bytes: Uint8Array): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, bytes);
}

function dumpFile(tensors: Readonly<Record<string, HeadlessTensor>>): Uint8Array {
  return writeSafetensors(
    new Map(
      Object.entries(tensors).map(([key, { shape, data }]): [string, TensorToWrite] => [
        key,
        { dtype: "F32", shape, bytes: new Uint8Array(Buffer.from(data, "base64")) },
      ]),
    ),
  );
}

async function main(): Promise<void> {
  const args = readArguments();
  if (args.help) {
    console.log(USAGE);
    return;
  }
  checkArguments(args);
  const browser = await openHeadlessBrowser();
  try {
    const device = await browser.start(args.device as DevicePreference);
    const model = args.model
      ? await browser.importModel(resolve(args.model))
      : (await browser.listModels()).find(isCheckpoint);
    if (!model) throw new Error("The app offers no model: models-manifest.json lists none.");
    if (!isCheckpoint(model)) throw new UsageError(`--model: expected a checkpoint, got a ${model.type}`);
    const vae = args.vae === undefined ? undefined : await importPart(browser, "vae", args.vae);
    for (const path of args.embedding) await importPart(browser, "embedding", path);
    const loras: LoraUse[] = [];
    for (const value of args.lora) loras.push(await importLora(browser, value));
    const request = requestFor(args, model, loras, vae);
    const result = await browser.generate(request);
    if (result.outcome === "failed") throw new Error(`${result.error.name}: ${result.error.message}`);

    const files = result.pictures.map(({ index, seed, png }) => {
      const file = outputPath(args.out!, index, result.pictures.length);
      write(file, Buffer.from(png, "base64"));
      return { file, seed };
    });
    if (args["dump-latents"]) write(resolve(args["dump-latents"]), dumpFile(result.tensors));

    const { phaseSeconds, secondsPerStep, overheadShare, warnings } = result.summary;
    for (const warning of warnings) console.error(warning);
    if (args.json) {
      const line = { request, device, seconds: phaseSeconds, secondsPerStep, overheadShare };
      console.log(
        JSON.stringify({ ...line, peakHeapBytes: result.peakHeapBytes, seed: request.seed, files }),
      );
    } else {
      console.log(`${device.device} (${device.precision}): ${device.reason}`);
      console.log(
        `load ${phaseSeconds.load.toFixed(2)} s, text ${phaseSeconds.text.toFixed(2)} s, ` +
          `${request.steps} steps ${phaseSeconds.steps.toFixed(2)} s, decode ${phaseSeconds.decode.toFixed(2)} s`,
      );
      for (const { file, seed } of files) console.log(`${file} (seed ${seed})`);
    }
  } finally {
    await browser.close();
  }
}

try {
  await main();
} catch (error) {
  const isUsage =
    error instanceof UsageError || (error as { code?: string }).code?.startsWith("ERR_PARSE_ARGS");
  console.error((error as Error).message);
  if (isUsage) console.error(`\n${USAGE}`);
  process.exitCode = isUsage ? 2 : 1;
}
