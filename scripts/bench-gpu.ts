// `npm run bench:gpu`: measures full-size models of random weights on this machine's GPU, in headless Chromium or without a
// browser, and writes the tables of docs/benchmarks.md. Puts the parts together; measuring lives in src/engine/benchmark.

import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { expectedFileName } from "../src/client/benchmark-files.ts";
import { openExpectedValues } from "../src/engine/benchmark/expected-values.ts";
import { measureComponent, NOT_MEASURED } from "../src/engine/benchmark/measure-component.ts";
import { PICTURE_CASES, pictureLabel } from "../src/engine/benchmark/measure-picture.ts";
import { measuredComponents } from "../src/engine/benchmark/measured-components.ts";
import { dialectFor } from "../src/models/dialects.ts";
import {
  BENCHMARK_MODELS,
  BENCHMARK_VERSION,
  type BenchmarkModel,
  type BenchmarkReport,
  type BenchmarkSize,
  type ComponentRow,
} from "../src/protocol/benchmark-api.ts";
import { memorySource } from "../src/weights/memory-source.ts";
import { parseBenchArguments, USAGE, UsageError, type BenchArguments } from "./bench-gpu-arguments.ts";
import { expectedFiles, exportedFiles, measureOthers, writeExpected } from "./bench-others.ts";
import { measureRuns } from "./bench-runs.ts";
import { writeBenchmarkPart } from "./benchmark-doc.ts";
import { benchmarkMarkdown, parseReport, type ExpectedRow } from "./benchmark-table.ts";
import { writeBenchmarkWeights } from "./benchmark-weights.ts";
import { openHeadlessBrowser } from "./headless-browser.ts";
import { openNodeGpu } from "./node-gpu.ts";

const CACHE = join(import.meta.dirname, "../.cache");
const FOLDERS = {
  weights: join(CACHE, "benchmark"),
  reports: join(CACHE, "reports"),
  exports: join(CACHE, "exports"),
  expected: join(CACHE, "expected"),
};

async function inBrowser(
  { size, models, runs, device, pictures, variants }: BenchArguments,
  files: readonly string[],
): Promise<BenchmarkReport> {
  const browser = await openHeadlessBrowser();
  try {
    return await browser.benchmark(
      { device, size, models, runs, pictures, variants },
      files,
      ({ what, done, total }) => console.error(`${done + 1}/${total} ${what}`),
    );
  } finally {
    await browser.close();
  }
}

/** Components only: a picture needs the browser's canvas and the app's device buffers. */
async function inNode(
  { size, models, runs, node = "webgpu", precision }: BenchArguments,
  expected: readonly string[],
): Promise<BenchmarkReport> {
  const gpu = await openNodeGpu(node);
  const dialect = dialectFor(node === "cpu" ? "wasm" : "webgpu", precision);
  const components: ComponentRow[] = [];
  for (const model of models) {
    for (const { component, shape, build } of await measuredComponents(model, size)) {
      console.error(`${model} ${component}`);
      const row = { model, component, shape };
      const file = expected.find((path) => basename(path) === expectedFileName(model, component));
      try {
        const values = file && (await openExpectedValues(memorySource(readFileSync(file), file)));
        components.push({
          ...row,
          ...(await measureComponent(gpu, () => build(dialect), runs, values || undefined)),
        });
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

async function writtenWeights({ models, size }: BenchArguments): Promise<readonly string[]> {
  const paths: string[] = [];
  for (const model of models) paths.push(await writeBenchmarkWeights(model, size, FOLDERS.weights));
  return paths;
}

function keep(report: BenchmarkReport, path: string | undefined): BenchmarkReport {
  if (path !== undefined) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, `${JSON.stringify(report, undefined, 2)}\n`);
  }
  return report;
}

const readReport = (path: string): BenchmarkReport => parseReport(readFileSync(path, "utf8"), path);

/** Ours first, then all others that this machine can measure. */
async function everything(values: BenchArguments): Promise<readonly BenchmarkReport[]> {
  const weights = await writtenWeights(values);
  // What an earlier run left there is of another size, or of another day.
  for (const folder of [FOLDERS.reports, FOLDERS.exports, FOLDERS.expected])
    rmSync(folder, { recursive: true, force: true });
  const unwritten = writeExpected(values, FOLDERS);
  if (unwritten) console.error(`Results are not all compared with PyTorch's in float32: ${unwritten}`);
  const expected = expectedFiles(FOLDERS.expected);
  const measured = await withRuns(
    await inBrowser(values, [...weights, ...expected]),
    values,
    FOLDERS.expected,
  );
  const ours = keep(measured, values.json ?? join(FOLDERS.reports, "kiln.json"));
  const { reports, failure } = measureOthers(values, FOLDERS);
  if (failure) console.error(`PyTorch, the floor and plain exports are not all measured: ${failure}`);
  const exported = exportedFiles(FOLDERS.exports);
  const others = reports.map(readReport);
  if (exported.length === 0) return [ours, ...others];
  const plain = await inBrowser(values, [...weights, ...exported, ...expected]);
  return [ours, keep(plain, join(FOLDERS.reports, "plain-export.json")), ...others];
}

async function measured(values: BenchArguments): Promise<BenchmarkReport> {
  const expected = values.expected === undefined ? [] : expectedFiles(values.expected);
  if (values.node !== undefined) return inNode(values, expected);
  const weights = values.weights === "file" ? await writtenWeights(values) : [];
  const exported = values.exports === undefined ? [] : exportedFiles(values.exports);
  const report = await inBrowser(values, [...weights, ...exported, ...expected]);
  return values.expected === undefined || exported.length > 0
    ? report
    : withRuns(report, values, values.expected);
}

async function withRuns(
  report: BenchmarkReport,
  { device, size }: BenchArguments,
  folder: string,
): Promise<BenchmarkReport> {
  const wholeRuns = await measureRuns(device, size, { weights: FOLDERS.weights, expected: folder });
  return { ...report, wholeRuns };
}

async function main(): Promise<void> {
  const values = parseBenchArguments(process.argv.slice(2));
  const { size, only, beside } = values;
  if (values.help) return console.log(USAGE);
  if (only === "weights") return console.log((await writtenWeights(values)).join("\n"));
  const given = beside.map(readReport);
  const otherSize = given.find((report) => report.size !== size);
  if (otherSize) throw new UsageError(`--beside: expected reports of size ${size}, got ${otherSize.size}`);
  const own = values.all
    ? await everything(values)
    : only === "table"
      ? []
      : [keep(await measured(values), values.json)];
  const pictures = PICTURE_CASES.map((picture) => pictureLabel(picture, size));
  const markdown = benchmarkMarkdown([...own, ...given], await expectedRows(size), pictures);
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
