// What our benchmark is compared with, through Python: PyTorch's times, the floor, and plain exports for the same runtime to run.
// Starts tools/bench/side_by_side.py; measures nothing itself.

import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { BenchArguments, Other } from "./bench-gpu-arguments.ts";

const SCRIPT = join(import.meta.dirname, "../tools/bench/side_by_side.py");

/** File names that side_by_side.py gives its reports. */
const REPORTS: Readonly<Record<Other, string>> = {
  eager: "pytorch-eager.json",
  compiled: "pytorch-compiled.json",
  floor: "floor.json",
};

export interface OthersFolders {
  readonly weights: string;
  readonly reports: string;
  readonly exports: string;
}

export function othersCommand(
  { size, models, runs, against }: Pick<BenchArguments, "size" | "models" | "runs" | "against">,
  folders: OthersFolders,
): readonly string[] {
  const options = {
    weights: folders.weights,
    out: folders.reports,
    export: folders.exports,
    size,
    models: models.join(),
    runs: String(runs),
    what: against.join(),
  };
  return [SCRIPT, ...Object.entries(options).flatMap(([name, value]) => [`--${name}`, value])];
}

/** Paths of the reports that there are afterwards, and why there are no others, if any are missing. */
export function measureOthers(
  values: BenchArguments,
  folders: OthersFolders,
): { readonly reports: readonly string[]; readonly failure?: string } {
  const { status, error } = spawnSync(values.python, othersCommand(values, folders), { stdio: "inherit" });
  const reports = values.against.map((name) => join(folders.reports, REPORTS[name])).filter(existsSync);
  if (status === 0) return { reports };
  return { reports, failure: error ? error.message : `${values.python} ended with ${status}` };
}

export const exportedFiles = (folder: string): readonly string[] =>
  existsSync(folder)
    ? readdirSync(folder)
        .filter((name) => /\.onnx(\.data)?$/.test(name))
        .map((name) => join(folder, name))
    : [];
