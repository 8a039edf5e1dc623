// `npm run bench`: measures the built app in headless Chromium and prints the table of docs/benchmarks.md. Times are medians
// of warm runs after one cold run in the same browser; compare ratios within one run, not times between machines.

import { cpus } from "node:os";
import { parseArgs } from "node:util";
import type { HeadlessGeneration, HeadlessRequest } from "../src/headless.ts";
import type { DevicePreference } from "../src/protocol/engine-api.ts";
import { isCheckpoint } from "../src/protocol/library-api.ts";
import { median } from "../src/shared/median.ts";
import { writeBenchmarkPart } from "./benchmark-doc.ts";
import { openHeadlessBrowser, type HeadlessBrowser } from "./headless-browser.ts";

const PROMPT = "a red lighthouse by the sea at sunset";

interface Case {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly steps: number;
  readonly guidanceScale: number;
  readonly sampler: string;
}

const CASES: readonly Case[] = [
  {
    name: "256x256, 12 steps, CFG 5",
    width: 256,
    height: 256,
    steps: 12,
    guidanceScale: 5,
    sampler: "DPM++ 2M",
  },
  {
    name: "256x256, 12 steps, no guidance",
    width: 256,
    height: 256,
    steps: 12,
    guidanceScale: 1,
    sampler: "DPM++ 2M",
  },
  {
    name: "512x512, 12 steps, CFG 5",
    width: 512,
    height: 512,
    steps: 12,
    guidanceScale: 5,
    sampler: "DPM++ 2M",
  },
];

type Finished = Extract<HeadlessGeneration, { outcome: "finished" }>;

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "5" },
    device: { type: "string", default: "auto" },
    write: { type: "boolean", default: false },
  },
});
const runs = Number(values.runs);
if (!Number.isInteger(runs) || runs < 1) {
  console.error(`--runs: expected a whole number of at least 1, got ${values.runs}`);
  process.exit(2);
}

async function generate(browser: HeadlessBrowser, request: HeadlessRequest): Promise<Finished> {
  const result = await browser.generate(request);
  if (result.outcome === "failed") throw new Error(`${result.error.name}: ${result.error.message}`);
  return result;
}

async function measure(browser: HeadlessBrowser, modelId: string, row: Case): Promise<string> {
  const { name, ...settings } = row;
  const request: HeadlessRequest = {
    prompt: PROMPT,
    negativePrompt: "",
    loras: [],
    modelId,
    schedule: "Karras",
    seed: 42,
    batchCount: 1,
    batchSize: 1,
    clipSkip: 1,
    noiseSource: "cpu",
    preview: true,
    ...settings,
  };
  const cold = await generate(browser, request);
  const warm: Finished[] = [];
  for (let run = 0; run < runs; run++) warm.push(await generate(browser, { ...request, seed: 43 + run }));

  const phase = (key: "load" | "text" | "steps" | "decode"): number =>
    median(warm.map((run) => run.summary.phaseSeconds[key]));
  const total = median(warm.map(({ summary: { phaseSeconds: p } }) => p.load + p.text + p.steps + p.decode));
  const cells = [
    name,
    cold.summary.phaseSeconds.load.toFixed(2),
    phase("text").toFixed(3),
    median(warm.map((run) => run.summary.secondsPerStep)).toFixed(3),
    phase("decode").toFixed(2),
    total.toFixed(2),
    `${(100 * median(warm.map((run) => run.summary.overheadShare))).toFixed(1)} %`,
    `${(Math.max(cold.peakHeapBytes, ...warm.map((run) => run.peakHeapBytes)) / 2 ** 20).toFixed(0)} MB`,
  ];
  return `| ${cells.join(" | ")} |`;
}

const browser = await openHeadlessBrowser();
try {
  const device = await browser.start(values.device as DevicePreference);
  const model = (await browser.listModels()).find(isCheckpoint);
  if (!model) throw new Error("models-manifest.json lists no checkpoint.");
  const lines = [
    `${device.device} (${device.precision}, ${device.threads} thread${device.threads === 1 ? "" : "s"}), ${model.name}, ` +
      `${cpus()[0]?.model.trim()} x ${cpus().length}, ${await browser.page.evaluate(() => navigator.userAgent.match(/Chrome\/\d+/)?.[0])}, ` +
      `median of ${runs} warm runs.`,
    "",
    "| case | load, cold (s) | text (s) | per step (s) | decode (s) | picture (s) | step time outside the runtime | peak page heap |",
    "|---|---|---|---|---|---|---|---|",
  ];
  for (const row of CASES) {
    lines.push(await measure(browser, model.id, row));
    console.error(lines.at(-1));
  }
  const table = lines.join("\n");
  console.log(table);
  if (values.write) await writeBenchmarkPart("bench", table);
} finally {
  await browser.close();
}
