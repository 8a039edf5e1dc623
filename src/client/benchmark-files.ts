// Sorts the files a benchmark is given by their names: random weights, another program's exports, and what another program gives
// in float32. Reads none of them.

import { AppError } from "../protocol/app-error.ts";
import {
  BENCHMARK_MODELS,
  type BenchmarkModel,
  type BenchmarkRequest,
  type BenchmarkSize,
  type ExpectedComponent,
  type ExportedComponent,
} from "../protocol/benchmark-api.ts";

/** "sd-1.5-full.safetensors" */
export const weightsFileName = (model: BenchmarkModel, size: BenchmarkSize): string =>
  `${model}-${size}.safetensors`;

/** "sd-1.5__text-encoder.onnx", beside which lies its one external-data file with ".data" behind the name. */
export const exportFileName = (model: BenchmarkModel, component: string): string =>
  componentFileName(model, component, ".onnx");

/** "sd-1.5__text-encoder.safetensors": what is expected of a component. */
export const expectedFileName = (model: BenchmarkModel, component: string): string =>
  componentFileName(model, component, ".safetensors");

const componentFileName = (model: BenchmarkModel, component: string, extension: string): string =>
  `${model}__${component.replaceAll(" ", "-")}${extension}`;

const DATA = ".data";

type BenchmarkFiles = Pick<BenchmarkRequest, "weights" | "exports" | "expected">;

/** @throws AppError InvalidRequest for a name that says nothing, or an export without its data. */
export function benchmarkFiles(files: readonly File[], size: BenchmarkSize): BenchmarkFiles {
  const byName = new Map(files.map((file) => [file.name, file]));
  const weights: Partial<Record<BenchmarkModel, Blob>> = {};
  const exports: ExportedComponent[] = [];
  const expected: ExpectedComponent[] = [];
  for (const { name } of files) {
    const file = byName.get(name) as File;
    const model = BENCHMARK_MODELS.find((candidate) => name === weightsFileName(candidate, size));
    const result = componentOf(name, ".safetensors");
    if (model) weights[model] = file;
    else if (result) expected.push({ ...result, file });
    else if (name.endsWith(DATA) && byName.has(name.slice(0, -DATA.length))) continue;
    else exports.push(exportOf(file, byName.get(name + DATA)));
  }
  return {
    ...(Object.keys(weights).length > 0 && { weights }),
    ...(exports.length > 0 && { exports }),
    ...(expected.length > 0 && { expected }),
  };
}

function componentOf(fileName: string, extension: string): Omit<ExpectedComponent, "file"> | undefined {
  const [name, component] = fileName.slice(0, -extension.length).split("__");
  const model = BENCHMARK_MODELS.find((candidate) => candidate === name);
  if (!fileName.endsWith(extension) || !model || !component) return undefined;
  return { model, component: component.replaceAll("-", " ") };
}

function exportOf(graph: File, data: File | undefined): ExportedComponent {
  const named = componentOf(graph.name, ".onnx");
  if (named && data) return { ...named, graph, data, dataName: data.name };
  const expected = named
    ? `${graph.name}${DATA} beside it`
    : `a name such as ${exportFileName("sd-1.5", "unet")} or ${weightsFileName("sd-1.5", "full")}`;
  throw new AppError(
    "InvalidRequest",
    `${graph.name}: expected ${expected}, got ${named ? "none" : "another"}.`,
    {
      where: graph.name,
      expected,
      got: named ? "nothing" : graph.name,
    },
  );
}
