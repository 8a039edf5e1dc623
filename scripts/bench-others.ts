// What our benchmark is compared with, through Python: PyTorch's times, the floor, and plain exports for the same runtime to run.
// Starts the programs of tools/bench; measures nothing itself.

import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { BenchArguments, Other } from "./bench-gpu-arguments.ts";

const TOOLS = join(import.meta.dirname, "../tools/bench");

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
  readonly expected: string;
}

const command = (script: string, options: Readonly<Record<string, string>>): readonly string[] => [
  join(TOOLS, script),
  ...Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]),
];

export function othersCommand(
  { size, models, runs, against }: Pick<BenchArguments, "size" | "models" | "runs" | "against">,
  folders: OthersFolders,
): readonly string[] {
  return command("side_by_side.py", {
    weights: folders.weights,
    out: folders.reports,
    export: folders.exports,
    size,
    models: models.join(),
    runs: String(runs),
    what: against.join(),
  });
}

export const expectedCommand = (
  { size, models }: Pick<BenchArguments, "size" | "models">,
  folders: Pick<OthersFolders, "weights" | "expected">,
): readonly string[] =>
  command("expected.py", { weights: folders.weights, out: folders.expected, size, models: models.join() });

function run(python: string, args: readonly string[]): string | undefined {
  const { status, error } = spawnSync(python, args, { stdio: "inherit" });
  return status === 0 ? undefined : (error?.message ?? `${python} ended with ${status}`);
}

/** Why what PyTorch gives in float32 was not all written, if it was not. */
export const writeExpected = (values: BenchArguments, folders: OthersFolders): string | undefined =>
  run(values.python, expectedCommand(values, folders));

/** Paths of the reports that there are afterwards, and why there are no others, if any are missing. */
export function measureOthers(
  values: BenchArguments,
  folders: OthersFolders,
): { readonly reports: readonly string[]; readonly failure?: string } {
  const failure = run(values.python, othersCommand(values, folders));
  const reports = values.against.map((name) => join(folders.reports, REPORTS[name])).filter(existsSync);
  return { reports, failure };
}

const filesIn = (folder: string, pattern: RegExp): readonly string[] =>
  existsSync(folder)
    ? readdirSync(folder)
        .filter((name) => pattern.test(name))
        .map((name) => join(folder, name))
    : [];

export const exportedFiles = (folder: string): readonly string[] => filesIn(folder, /\.onnx(\.data)?$/);

/** Of components; those of whole runs have other names (bench-runs.ts). */
export const expectedFiles = (folder: string): readonly string[] => filesIn(folder, /__.+\.safetensors$/);
