// `npm run bench:gpu`: measures full-size models of random weights on this machine's GPU, in headless Chromium or without a
// browser, and writes the tables of docs/benchmarks.md. Parses arguments; measuring lives in src/engine/benchmark.

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { measureComponent, NOT_MEASURED } from "../src/engine/benchmark/measure-component.ts";
import { PICTURE_CASES, pictureLabel } from "../src/engine/benchmark/measure-picture.ts";
import { measuredComponents } from "../src/engine/benchmark/measured-components.ts";
import { dialectFor, type Precision } from "../src/models/dialects.ts";
import {
  BENCHMARK_MODELS,
  BENCHMARK_VERSION,
  type BenchmarkModel,
  type BenchmarkReport,
  type BenchmarkSize,
  type ComponentRow,
} from "../src/protocol/benchmark-api.ts";
import type { DevicePreference } from "../src/protocol/engine-api.ts";
import { writeBenchmarkPart } from "./benchmark-doc.ts";
import { benchmarkMarkdown, parseReport, type ExpectedRow } from "./benchmark-table.ts";
import { writeBenchmarkWeights } from "./benchmark-weights.ts";
import { openHeadlessBrowser } from "./headless-browser.ts";
import { openNodeGpu } from "./node-gpu.ts";

const USAGE = `npm run bench:gpu -- [--size full|small] [--models ${BENCHMARK_MODELS.join(",")}] [--runs N]
  [--device auto|webgpu|wasm] [--no-pictures] [--weights file|virtual] [--exports FOLDER]
  [--node webgpu|cpu [--precision float16|float32]] [--beside REPORT.json]... [--json REPORT.json] [--write]
  [--only weights|table]

Random weights are written to ${"`.cache/benchmark`"} (12 GB at full size); "virtual" makes them while they are read instead.
--only weights writes them and stops; --only table measures nothing and puts the reports given by --beside side by side.
--write puts the tables into docs/benchmarks.md.`;

const CACHE = join(import.meta.dirname, "../.cache/benchmark");

class UsageError extends Error {}

function readArguments() {
  const { values } = parseArgs({
    options: {
      size: { type: "string", default: "full" },
      models: { type: "string", default: BENCHMARK_MODELS.join(",") },
      runs: { type: "string", default: "5" },
      device: { type: "string", default: "auto" },
      "no-pictures": { type: "boolean", default: false },
      weights: { type: "string", default: "file" },
      exports: { type: "string" },
      node: { type: "string" },
      precision: { type: "string", default: "float16" },
      beside: { type: "string", multiple: true, default: [] },
      json: { type: "string" },
      write: { type: "boolean", default: false },
      only: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    process.exit(0);
  }
  return {
    ...values,
    size: oneOf("--size", ["full", "small"] as const, values.size),
    models: values.models.split(",").map((name) => oneOf("--models", BENCHMARK_MODELS, name)),
    runs: Number(values.runs),
    device: oneOf<DevicePreference>("--device", ["auto", "webgpu", "wasm"], values.device),
    weights: oneOf("--weights", ["file", "virtual"] as const, values.weights),
    node: values.node === undefined ? undefined : oneOf("--node", ["webgpu", "cpu"] as const, values.node),
    precision: oneOf<Precision>("--precision", ["float16", "float32"], values.precision),
    only: values.only === undefined ? undefined : oneOf("--only", ["weights", "table"] as const, values.only),
  };
}

function oneOf<T extends string>(option: string, choices: readonly T[], got: string): T {
  const found = choices.find((choice) => choice === got);
  if (found === undefined) throw new UsageError(`${option}: expected ${choices.join(", ")}, got "${got}"`);
  return found;
}

type Arguments = ReturnType<typeof readArguments>;

async function inBrowser(values: Arguments, weights: readonly string[]): Promise<BenchmarkReport> {
  const { size, models, runs, device, exports } = values;
  const exported = exports === undefined ? [] : readdirSync(exports).map((name) => join(exports, name));
  const browser = await openHeadlessBrowser();
  try {
    return await browser.benchmark(
      { device, size, models, runs, pictures: !values["no-pictures"] },
      [...weights, ...exported.filter((path) => /\.onnx(\.data)?$/.test(path))],
      ({ what, done, total }) => console.error(`${done + 1}/${total} ${what}`),
    );
  } finally {
    await browser.close();
  }
}

/** Components only: a picture needs the browser's canvas and the app's device buffers. */
async function inNode({
  size,
  models,
  runs,
  node = "webgpu",
  precision,
}: Arguments): Promise<BenchmarkReport> {
  const gpu = await openNodeGpu(node);
  const dialect = dialectFor(node === "cpu" ? "wasm" : "webgpu", precision);
  const components: ComponentRow[] = [];
  for (const model of models) {
    for (const { component, shape, build } of await measuredComponents(model, size)) {
      console.error(`${model} ${component}`);
      const row = { model, component, shape };
      try {
        components.push({ ...row, ...(await measureComponent(gpu, () => build(dialect), runs)) });
      } catch (error) {
        components.push({ ...row, ...NOT_MEASURED, failure: String(error) });
      }
    }
  }
  return {
    version: BENCHMARK_VERSION,
    implementation: "kiln",
    size,
    device: node === "cpu" ? "processor" : "Vulkan device",
    precision: dialect.precision,
    software: gpu.software,
    components,
    pictures: [],
  };
}

/** What the table lists, whether it was measured or not. */
async function expectedRows(size: BenchmarkSize): Promise<readonly ExpectedRow[]> {
  const rows = await Promise.all(
    BENCHMARK_MODELS.map((model: BenchmarkModel) => measuredComponents(model, size)),
  );
  return rows.flat();
}

async function main(): Promise<void> {
  const values = readArguments();
  const { size, models, only, beside } = values;
  const weights: string[] = [];
  if (only === "weights" || (only === undefined && values.weights === "file" && values.node === undefined)) {
    for (const model of models) weights.push(await writeBenchmarkWeights(model, size, CACHE));
  }
  if (only === "weights") {
    console.log(weights.join("\n"));
    return;
  }
  const reports = beside.map((path) => parseReport(readFileSync(path, "utf8"), path));
  const otherSize = reports.find((report) => report.size !== size);
  if (otherSize) throw new UsageError(`--beside: expected reports of size ${size}, got ${otherSize.size}`);
  if (only === undefined) {
    const report = values.node === undefined ? await inBrowser(values, weights) : await inNode(values);
    reports.unshift(report);
    if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(report, undefined, 2)}\n`);
  }
  const pictures = PICTURE_CASES.map((picture) => pictureLabel(picture, size));
  const markdown = benchmarkMarkdown(reports, await expectedRows(size), pictures);
  console.log(markdown);
  if (values.write) await writeBenchmarkPart(`bench-gpu-${size}`, markdown);
}

try {
  await main();
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(`${error.message}\n\n${USAGE}`);
  process.exitCode = 2;
}
