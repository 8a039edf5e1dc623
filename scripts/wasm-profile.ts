// Where the CPU's time goes in a graph, node by node, from the runtime's own profiler. Runs the WASM kernels in Node; knows no model.

import fs from "node:fs";
import { env, InferenceSession, Tensor } from "onnxruntime-web/wasm";
import { benchmarkInputs } from "../src/engine/benchmark/measured-components.ts";
import type { OnnxModel } from "../src/onnx/onnx-model.ts";

export interface ProfiledNode {
  /** With the checkpoint's key of its layer. */
  readonly name: string;
  readonly operator: string;
  /** The least of all runs: other programs only ever add. */
  readonly seconds: number;
}

interface TraceEvent {
  readonly cat: string;
  readonly name: string;
  /** Microseconds. */
  readonly dur: number;
  readonly args: { readonly op_name?: string };
}

const KERNEL = "_kernel_time";

export async function profileOnWasm(model: OnnxModel, runs: number): Promise<readonly ProfiledNode[]> {
  env.wasm.numThreads = 1;
  env.logLevel = "error";
  const session = await InferenceSession.create(model.proto, {
    executionProviders: ["wasm"],
    enableProfiling: true,
    externalData: model.externals.map((tensor) => ({ path: tensor.location, data: tensor.readSync() })),
  });
  const values = benchmarkInputs(model.inputs);
  const feeds = Object.fromEntries(
    model.inputs.map(({ name, shape }) => [name, new Tensor("float32", values[name] as Float32Array, shape)]),
  );
  for (let run = 0; run < runs; run++) await session.run(feeds);
  const trace = printed(() => session.endProfiling());
  await session.release();
  return parseTrace(trace);
}

/** The WASM build has no file for its profile: it prints it, past the console. */
function printed(task: () => void): readonly string[] {
  const lines: string[] = [];
  const { writeSync } = fs;
  fs.writeSync = (_: number, text: unknown): number => lines.push(String(text));
  try {
    task();
  } finally {
    fs.writeSync = writeSync;
  }
  return lines;
}

/** One event a line, in a list; nodes that ran several times count once, at their best. */
export function parseTrace(lines: readonly string[]): readonly ProfiledNode[] {
  const nodes = new Map<string, ProfiledNode>();
  for (const line of lines.flatMap((text) => text.split("\n"))) {
    if (!line.startsWith("{")) continue;
    const { cat, name, dur, args } = JSON.parse(line.replace(/,\s*$/, "")) as TraceEvent;
    if (cat !== "Node" || !name.endsWith(KERNEL)) continue;
    const known = nodes.get(name)?.seconds ?? Infinity;
    const seconds = Math.min(known, dur / 1e6);
    nodes.set(name, { name: name.slice(0, -KERNEL.length), operator: args.op_name ?? "", seconds });
  }
  return [...nodes.values()];
}

/** Shares of the whole, largest first; what takes less than `least` is summed up. */
export function operatorShares(
  nodes: readonly ProfiledNode[],
  least: number,
): readonly { readonly operator: string; readonly share: number }[] {
  const total = totalSeconds(nodes);
  const sums = new Map<string, number>();
  for (const { operator, seconds } of nodes) sums.set(operator, (sums.get(operator) ?? 0) + seconds);
  const shares = [...sums].map(([operator, seconds]) => ({ operator, share: seconds / total }));
  const named = shares.filter(({ share }) => share >= least).sort((a, b) => b.share - a.share);
  const rest = shares.filter(({ share }) => share < least).reduce((sum, { share }) => sum + share, 0);
  return rest === 0 ? named : [...named, { operator: "all others", share: rest }];
}

/** Of the nodes of layers whose key fits. */
export function layerShare(nodes: readonly ProfiledNode[], layers: RegExp): number {
  return totalSeconds(nodes.filter(({ name }) => layers.test(name))) / totalSeconds(nodes);
}

const totalSeconds = (nodes: readonly ProfiledNode[]): number =>
  nodes.reduce((sum, { seconds }) => sum + seconds, 0);
