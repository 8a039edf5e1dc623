// Writes the benchmark's random weights as files, once: for runs that read them from disk and for other programs that measure
// the same model. They are as large as published ones, so they lie in a cache folder.

import { existsSync, mkdirSync, renameSync, statSync } from "node:fs";
import { join } from "node:path";
import { weightsFileName } from "../src/client/benchmark-files.ts";
import { syntheticModel } from "../src/models/synthetic/synthetic-models.ts";
import type { BenchmarkModel, BenchmarkSize } from "../src/protocol/benchmark-api.ts";
import { writeSource } from "./write-source.ts";

/** Path of the model's file in `folder`. A file of the right length is taken for the right one. */
export async function writeBenchmarkWeights(
  model: BenchmarkModel,
  size: BenchmarkSize,
  folder: string,
): Promise<string> {
  const path = join(folder, weightsFileName(model, size));
  const source = syntheticModel(model, size);
  if (existsSync(path) && statSync(path).size === source.byteLength) return path;
  mkdirSync(folder, { recursive: true });
  await writeSource(source, `${path}.part`);
  renameSync(`${path}.part`, path);
  return path;
}
