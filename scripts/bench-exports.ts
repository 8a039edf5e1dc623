// `npx tsx scripts/bench-exports.ts FOLDER`: our graphs against plain exports of the same random weights (tools/bench), in turn on
// the WASM kernels in Node, by processor time. Small size only; what a GPU makes of both is `npm run bench:gpu -- --all`.

import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { env, InferenceSession, Tensor } from "onnxruntime-web/wasm";
import { exportFileName } from "../src/client/benchmark-files.ts";
import { benchmarkInputs, measuredComponents } from "../src/engine/benchmark/measured-components.ts";
import { dialects } from "../src/models/dialects.ts";
import type { OnnxModel } from "../src/onnx/onnx-model.ts";
import { BENCHMARK_MODELS } from "../src/protocol/benchmark-api.ts";
import { median } from "../src/shared/median.ts";
import { writeBenchmarkPart } from "./benchmark-doc.ts";
import { exportedFiles } from "./bench-others.ts";

const ROUNDS = 9;

const processorTime = (): number => {
  const { user, system } = process.cpuUsage();
  return user + system;
};

interface Timed {
  /** Microseconds of processor time. */
  run(): Promise<number>;
  result(): Promise<Float32Array>;
}

async function timed(
  proto: Uint8Array | string,
  externalData: readonly { readonly path: string; readonly data: Uint8Array }[],
  { inputs, outputs }: OnnxModel,
): Promise<Timed> {
  const bytes = typeof proto === "string" ? readFileSync(proto) : proto;
  const session = await InferenceSession.create(bytes, {
    executionProviders: ["wasm"],
    externalData,
    graphOptimizationLevel: "all",
  });
  const values = benchmarkInputs(inputs);
  const feeds = Object.fromEntries(
    inputs.map(({ name, dtype, shape }) => [
      name,
      dtype === "int32"
        ? new Tensor("int32", values[name] as Int32Array, shape)
        : new Tensor("float32", values[name] as Float32Array, shape),
    ]),
  );
  return {
    run: async () => {
      const start = processorTime();
      await session.run(feeds);
      return processorTime() - start;
    },
    result: async () => (await session.run(feeds))[outputs[0].name].data as Float32Array,
  };
}

/** Of the largest value expected. */
function relativeDifference(values: Float32Array, expected: Float32Array): number {
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return values.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i])), 0) / largest;
}

async function compared(ours: Timed, plain: Timed): Promise<readonly [ratio: number, difference: number]> {
  const difference = relativeDifference(await ours.result(), await plain.result());
  const taken: [number[], number[]] = [[], []];
  for (let round = 0; round < ROUNDS; round++)
    for (const [i, each] of [ours, plain].entries()) taken[i].push(await each.run());
  return [median(taken[1]) / median(taken[0]), difference];
}

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error("expected the folder of tools/bench/side_by_side.py's --export");
env.wasm.numThreads = 1;
env.logLevel = "error";
const files = exportedFiles(folder);
const rows: string[] = [];
for (const model of BENCHMARK_MODELS) {
  for (const { component, shape, build } of await measuredComponents(model, "small")) {
    const path = files.find((file) => basename(file) === exportFileName(model, component));
    if (path === undefined) continue;
    console.error(model, component);
    const graph = build(dialects["wasm-float32"]);
    const weights = graph.externals.map((tensor) => ({ path: tensor.location, data: tensor.readSync() }));
    const ours = await timed(graph.proto, weights, graph);
    const data = { path: `${basename(path)}.data`, data: readFileSync(`${path}.data`) };
    const [ratio, difference] = await compared(ours, await timed(path, [data], graph));
    rows.push(
      `| ${model} | ${component} | ${shape} | ${ratio.toFixed(2)} | ${difference.toExponential(1)} |`,
    );
  }
}
const markdown = [
  `Small size, float32, WASM under Node, one thread, medians of ${ROUNDS} rounds in turn of processor time.`,
  "",
  "| model | component | shape | plain export's time, of ours | largest difference of results |",
  "| --- | --- | --- | --- | --- |",
  ...rows,
].join("\n");
console.log(markdown);
if (process.argv.includes("--write")) await writeBenchmarkPart("bench-exports", markdown);
process.exit(0); // the runtime's thread stays
