// Sorts the files a benchmark is given by their names: random weights, and another program's exports. Reads none of them.

import { AppError } from "../protocol/app-error.ts";
import {
  BENCHMARK_MODELS,
  type BenchmarkModel,
  type BenchmarkRequest,
  type BenchmarkSize,
  type ExportedComponent,
} from "../protocol/benchmark-api.ts";

/** "sd-1.5-full.safetensors" */
export const weightsFileName = (model: BenchmarkModel, size: BenchmarkSize): string =>
  `${model}-${size}.safetensors`;

/** "sd-1.5__text-encoder.onnx", beside which lies its one external-data file with ".data" behind the name. */
export const exportFileName = (model: BenchmarkModel, component: string): string =>
  `${model}__${component.replaceAll(" ", "-")}.onnx`;

const DATA = ".data";

type BenchmarkFiles = Pick<BenchmarkRequest, "weights" | "exports">;

/** @throws AppError InvalidRequest for a name that says nothing, or an export without its data. */
export function benchmarkFiles(files: readonly File[], size: BenchmarkSize): BenchmarkFiles {
  const byName = new Map(files.map((file) => [file.name, file]));
  const weights: Partial<Record<BenchmarkModel, Blob>> = {};
  const exports: ExportedComponent[] = [];
  for (const { name } of files) {
    const file = byName.get(name) as File;
    const model = BENCHMARK_MODELS.find((candidate) => name === weightsFileName(candidate, size));
    if (model) weights[model] = file;
    else if (name.endsWith(DATA) && byName.has(name.slice(0, -DATA.length))) continue;
    else exports.push(exportOf(file, byName.get(name + DATA)));
  }
  return { ...(Object.keys(weights).length > 0 && { weights }), ...(exports.length > 0 && { exports }) };
}

function exportOf(graph: File, data: File | undefined): ExportedComponent {
  const [, name, component] = /^(.+)__(.+)\.onnx$/.exec(graph.name) ?? [];
  const model = BENCHMARK_MODELS.find((candidate) => candidate === name);
  if (model && data) {
    return { model, component: component.replaceAll("-", " "), graph, data, dataName: data.name };
  }
  const expected = model
    ? `${graph.name}${DATA} beside it`
    : `a name such as ${exportFileName("sd-1.5", "unet")} or ${weightsFileName("sd-1.5", "full")}`;
  throw new AppError(
    "InvalidRequest",
    `${graph.name}: expected ${expected}, got ${model ? "none" : "another"}.`,
    {
      where: graph.name,
      expected,
      got: model ? "nothing" : graph.name,
    },
  );
}
