// Whole pictures drawn by the app on a device against the same ones drawn by PyTorch in float32 (tools/bench/expected.py): how far
// conditioning, latents and picture are apart. Times nothing.

import { existsSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { weightsFileName } from "../src/client/benchmark-files.ts";
import { relativeError } from "../src/engine/benchmark/expected-values.ts";
import type { BenchmarkSize, RunRow } from "../src/protocol/benchmark-api.ts";
import type { DevicePreference } from "../src/protocol/engine-api.ts";
import { memorySource } from "../src/weights/memory-source.ts";
import { openSafetensors } from "../src/weights/safetensors.ts";
import { openHeadlessBrowser, type HeadlessBrowser } from "./headless-browser.ts";

/** As tools/bench/runs.py draws it, which holds the prompt's tokens. */
const PROMPT = "a red lighthouse by the sea at sunset";
const SEED = 42;
const STEPS = 20;
const SAMPLER = "DPM++ 2M";

interface RunCase {
  readonly model: "kiln-small" | "sd-1.5";
  readonly guidanceScale: number;
  readonly pixels: Readonly<Record<BenchmarkSize, number>>;
}

/** Kiln Small comes with the app, so its weights mean something and its size is one. */
const RUN_CASES: readonly RunCase[] = [
  { model: "kiln-small", guidanceScale: 5, pixels: { full: 256, small: 256 } },
  { model: "sd-1.5", guidanceScale: 7, pixels: { full: 512, small: 128 } },
];

interface RunFolders {
  /** Of the random weights. */
  readonly weights: string;
  readonly expected: string;
}

const expectedRun = (model: string): string => `${model}.run.safetensors`;

/** Those that something is expected of. */
export async function measureRuns(
  device: DevicePreference,
  size: BenchmarkSize,
  folders: RunFolders,
): Promise<readonly RunRow[]> {
  const cases = RUN_CASES.filter(({ model }) => existsSync(join(folders.expected, expectedRun(model))));
  const rows: RunRow[] = [];
  for (const run of cases) {
    console.error(`${run.model}, a whole run against PyTorch's`);
    const browser = await openHeadlessBrowser();
    try {
      rows.push(await measureRun(browser, device, run, size, folders));
    } finally {
      await browser.close();
    }
  }
  return rows;
}

async function measureRun(
  browser: HeadlessBrowser,
  device: DevicePreference,
  { model, guidanceScale, pixels }: RunCase,
  size: BenchmarkSize,
  folders: RunFolders,
): Promise<RunRow> {
  const side = pixels[size];
  const shape = `${side}x${side}, ${SAMPLER}, ${STEPS} steps, CFG ${guidanceScale}`;
  const none = { conditioningError: null, latentsError: null, psnr: null };
  const report = await browser.start(device);
  const row = { model, shape, drawnWith: `${report.device} ${report.precision}` };
  const modelId =
    model === "kiln-small"
      ? model
      : (await browser.importModel(join(folders.weights, weightsFileName(model, size)))).id;
  const result = await browser.generate({
    prompt: PROMPT,
    negativePrompt: "",
    modelId,
    loras: [],
    width: side,
    height: side,
    steps: STEPS,
    guidanceScale,
    sampler: SAMPLER,
    schedule: "Karras",
    seed: SEED,
    batchCount: 1,
    batchSize: 1,
    clipSkip: 1,
    noiseSource: "cpu",
    preview: false,
    dumpTensors: true,
  });
  if (result.outcome === "failed")
    return { ...row, ...none, failure: `${result.error.name}: ${result.error.message}` };
  const drawn = Object.fromEntries(
    Object.entries(result.tensors).map(([name, { data }]) => [name, floats(Buffer.from(data, "base64"))]),
  );
  return { ...row, ...runErrors(drawn, await readRun(join(folders.expected, expectedRun(model)))) };
}

type Tensors = Readonly<Record<string, Float32Array>>;

/** @throws Error that names what is missing or of another size. */
export function runErrors(
  drawn: Tensors,
  expected: Tensors,
): Pick<RunRow, "conditioningError" | "latentsError" | "psnr"> {
  const pair = (name: string): [Float32Array, Float32Array] => {
    const [got, wanted] = [drawn, expected].map((tensors) => tensors[name] as Float32Array | undefined);
    if (!got || got.length !== wanted?.length)
      throw new Error(
        `${name}: expected ${wanted?.length ?? 0} values as PyTorch has, got ${got?.length ?? 0}`,
      );
    return [got, wanted];
  };
  return {
    conditioningError: relativeError(...pair("conditioning")),
    latentsError: relativeError(...pair("latents")),
    psnr: decibels(...pair("image")),
  };
}

/** Peak signal to noise of values from 0 to 1. */
function decibels(got: Float32Array, expected: Float32Array): number {
  const squares = expected.reduce((sum, value, i) => sum + (got[i] - value) ** 2, 0);
  return -10 * Math.log10(squares / expected.length);
}

async function readRun(path: string): Promise<Tensors> {
  const source = memorySource(readFileSync(path), basename(path));
  const { tensors } = await openSafetensors(source);
  return Object.fromEntries(
    [...tensors].map(([key, { start, end }]) => [key, floats(source.readSync(start, end))]),
  );
}

/** Copied, since a view of float32 must begin at a multiple of 4. */
const floats = (bytes: Uint8Array): Float32Array => new Float32Array(bytes.slice().buffer);
