// What `npm run bench:gpu` is asked for. Checks arguments; measures nothing.

import { parseArgs } from "node:util";
import type { Precision } from "../src/models/dialects.ts";
import { BENCHMARK_MODELS, type BenchmarkModel, type BenchmarkSize } from "../src/protocol/benchmark-api.ts";
import type { DevicePreference } from "../src/protocol/engine-api.ts";

export const USAGE = `npm run bench:gpu -- [--all [--python PYTHON] [--against eager,compiled,floor]]
  [--size full|small] [--models ${BENCHMARK_MODELS.join(",")}] [--runs N] [--device auto|webgpu|wasm]
  [--no-pictures] [--variants] [--weights file|virtual] [--exports FOLDER] [--expected FOLDER]
  [--node webgpu|cpu [--precision float16|float32]] [--beside REPORT.json]... [--json REPORT.json] [--write]
  [--only weights|table]

--all measures everything that has a row: ours with pictures and other graphs, PyTorch, the floor and the plain exports through
PYTHON (python3 unless given), which needs tools/fixtures/requirements.txt; where it is missing, its columns are. Reports go to
\`.cache/reports\`, the tables into docs/benchmarks.md.
Random weights are written to \`.cache/benchmark\` (12 GB at full size); "virtual" makes them while they are read instead.
--expected compares results with what PyTorch gives in float32, which tools/bench/expected.py writes there; --all does both.
--only weights writes them and stops; --only table measures nothing and puts the reports given by --beside side by side.
--write puts the tables into docs/benchmarks.md.`;

export class UsageError extends Error {}

/** What PyTorch measures beside the exports it writes. */
const OTHERS = ["eager", "compiled", "floor"] as const;
export type Other = (typeof OTHERS)[number];

export interface BenchArguments {
  readonly all: boolean;
  readonly python: string;
  readonly against: readonly Other[];
  readonly size: BenchmarkSize;
  readonly models: readonly BenchmarkModel[];
  readonly runs: number;
  readonly device: DevicePreference;
  readonly pictures: boolean;
  readonly variants: boolean;
  readonly weights: "file" | "virtual";
  readonly exports?: string;
  readonly expected?: string;
  readonly node?: "webgpu" | "cpu";
  readonly precision: Precision;
  readonly beside: readonly string[];
  readonly json?: string;
  readonly write: boolean;
  readonly only?: "weights" | "table";
  readonly help: boolean;
}

/** @throws UsageError */
export function parseBenchArguments(args: readonly string[]): BenchArguments {
  const { values } = parsed(args);
  const runs = Number(values.runs);
  if (!Number.isInteger(runs) || runs < 1)
    throw new UsageError(`--runs: expected a whole number of at least 1, got "${values.runs}"`);
  const { all, node, only } = values;
  const parts = [node, only, values.exports, values.expected];
  if (all && parts.some((part) => part !== undefined))
    throw new UsageError(
      "--all: expected without --node, --only, --exports and --expected, which are parts of it",
    );
  return {
    ...values,
    runs,
    against: listOf("--against", OTHERS, values.against),
    size: oneOf("--size", ["full", "small"] as const, values.size),
    models: listOf("--models", BENCHMARK_MODELS, values.models),
    device: oneOf<DevicePreference>("--device", ["auto", "webgpu", "wasm"], values.device),
    pictures: !values["no-pictures"],
    variants: all || values.variants,
    weights: oneOf("--weights", ["file", "virtual"] as const, all ? "file" : values.weights),
    node: node === undefined ? undefined : oneOf("--node", ["webgpu", "cpu"] as const, node),
    precision: oneOf<Precision>("--precision", ["float16", "float32"], values.precision),
    write: all || values.write,
    only: only === undefined ? undefined : oneOf("--only", ["weights", "table"] as const, only),
  };
}

function parsed(args: readonly string[]) {
  const flag = { type: "boolean", default: false } as const;
  const text = (initial: string) => ({ type: "string", default: initial }) as const;
  try {
    return parseArgs({
      args: [...args],
      options: {
        all: flag,
        python: text("python3"),
        against: text(OTHERS.join(",")),
        size: text("full"),
        models: text(BENCHMARK_MODELS.join(",")),
        runs: text("5"),
        device: text("auto"),
        "no-pictures": flag,
        variants: flag,
        weights: text("file"),
        exports: { type: "string" },
        expected: { type: "string" },
        node: { type: "string" },
        precision: text("float16"),
        beside: { type: "string", multiple: true, default: [] },
        json: { type: "string" },
        write: flag,
        only: { type: "string" },
        help: flag,
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function oneOf<T extends string>(option: string, choices: readonly T[], got: string): T {
  const found = choices.find((choice) => choice === got);
  if (found === undefined) throw new UsageError(`${option}: expected ${choices.join(", ")}, got "${got}"`);
  return found;
}

const listOf = <T extends string>(option: string, choices: readonly T[], got: string): readonly T[] =>
  got.split(",").map((name) => oneOf(option, choices, name));
