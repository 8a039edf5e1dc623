// Measures the three ways to see latents of 512x512 pixels (docs/benchmarks.md): their colours, TAESD's decoder, and SD 1.5's own
// decoder, all at full size with random weights, on the CPU kernels in Node. Needs 4 GB of memory and some minutes.

import { detectModel } from "../src/models/detect-model.ts";
import { dialects } from "../src/models/dialects.ts";
import { randomTensor } from "../src/models/synthetic/random-tensors.ts";
import { syntheticModel } from "../src/models/synthetic/synthetic-models.ts";
import { buildTinyDecoder } from "../src/models/tiny-decoder.ts";
import { detectTinyDecoder } from "../src/models/tiny-decoder-config.ts";
import { buildVaeDecoder } from "../src/models/vae-decoder.ts";
import { latentPreview } from "../src/imaging/latent-preview.ts";
import type { OnnxModel } from "../src/onnx/onnx-model.ts";
import { median } from "../src/shared/median.ts";
import { randomSource } from "../src/weights/random-source.ts";
import { openSafetensors } from "../src/weights/safetensors.ts";
import { createGraphSession } from "../tests/support/run-graph.ts";
import { seededRandom } from "../tests/support/seeded-random.ts";
import { taesdDecoder } from "../tests/support/taesd-header.ts";

const SIDES = [64, 32];
const RUNS = 3;
const SEED = 7;
const COLOURS = "colours of the latents";
const COLOUR_RUNS = 1000; // one takes less than the clock tells
const dialect = dialects["wasm-float32"];
const random = seededRandom(SEED);
const latentsOf = (side: number): Float32Array =>
  Float32Array.from({ length: 4 * side ** 2 }, () => random(2000) / 1000 - 1);

/** Processor time, which other programs on the machine do not lengthen. */
async function seconds(task: () => unknown): Promise<number> {
  const start = process.cpuUsage();
  await task();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1e6;
}

const { checkpoint, vae, latentRgbFactors } = detectModel(
  await openSafetensors(syntheticModel("sd-1.5", "full")),
);
const tensors = [...taesdDecoder()].map(([key, [, shape]]) => randomTensor({ key, shape }));
const taesd = await openSafetensors(randomSource("taesd_decoder.safetensors", tensors, SEED));

const [side] = SIDES;
const latents = latentsOf(side);
const times: (readonly [what: string, seconds: number])[] = [];
async function measure(what: string, runs: number, task: () => unknown): Promise<void> {
  const each: number[] = [];
  for (let run = 0; run < runs; run++) each.push(await seconds(task));
  times.push([what, median(each)]);
  console.error(`${what}: ${each.map((time) => time.toFixed(2)).join(", ")} s`);
}
async function measureGraph(
  what: string,
  runs: number,
  graph: OnnxModel,
  input: Float32Array,
): Promise<void> {
  const session = await createGraphSession(graph);
  await measure(what, runs, () => session.run({ latents: input }));
  await session.release();
}

await measure(COLOURS, 1, () => {
  for (let run = 0; run < COLOUR_RUNS; run++) latentPreview(latents, side, side, latentRgbFactors);
});
for (const tiny of SIDES) {
  const shape = { dialect, latentHeight: tiny, latentWidth: tiny };
  const graph = buildTinyDecoder(taesd, detectTinyDecoder(taesd), shape);
  await measureGraph(`TAESD, ${8 * tiny}x${8 * tiny}`, RUNS, graph, latentsOf(tiny));
}
const whole = buildVaeDecoder(checkpoint, vae, { dialect, batch: 1, latentHeight: side, latentWidth: side });
await measureGraph(`SD 1.5's own decoder, ${8 * side}x${8 * side}`, 1, whole, latents);

const [, longest] = times.at(-1)!;
console.log("| preview of 64x64 latents | of the whole decoding |\n| --- | --- |");
for (const [what, total] of times) {
  const time = what === COLOURS ? total / COLOUR_RUNS : total;
  console.log(`| ${what} | ${Number(((100 * time) / longest).toPrecision(2))} % |`);
}
