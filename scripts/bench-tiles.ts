// Measures how a picture decoded in tiles differs from the picture decoded whole (docs/memory.md), with the embedded model's VAE on
// the CPU kernels in Node: overall, and at the seams. Times nothing. `--latents N` sets the picture's side, 8 pixels each.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { decodeInTiles, vaeTiling } from "../src/engine/tiled-vae.ts";
import type { Planes } from "../src/imaging/plane-tiles.ts";
import { planTiles } from "../src/imaging/tiles.ts";
import { detectModel } from "../src/models/detect-model.ts";
import { dialects } from "../src/models/dialects.ts";
import { buildVaeDecoder } from "../src/models/vae-decoder.ts";
import { buildVaeEncoder } from "../src/models/vae-encoder.ts";
import { memorySource } from "../src/weights/memory-source.ts";
import { openSafetensors } from "../src/weights/safetensors.ts";
import { drawnPlanes } from "../tests/support/drawn-planes.ts";
import { createGraphSession, runGraph } from "../tests/support/run-graph.ts";

const CHECKPOINT = join(import.meta.dirname, "..", "public/models/kiln-small/kiln-small.safetensors");
const SCALE = 8;
const TILES = [64, 48, 32];
const DEFAULT_LATENTS = 80;

const given = process.argv.indexOf("--latents");
const latentSide = given === -1 ? DEFAULT_LATENTS : Number(process.argv[given + 1]);
const side = SCALE * latentSide;
const dialect = dialects["wasm-float32"];
const { checkpoint, vae } = detectModel(
  await openSafetensors(memorySource(readFileSync(CHECKPOINT), "kiln-small")),
);

const encoder = buildVaeEncoder(checkpoint, vae, { dialect, height: side, width: side });
const { moments } = await runGraph(encoder, { pixels: drawnPlanes(side).data });
const means = moments.data.slice(0, vae.latentChannels * latentSide ** 2);
const scaleOf = (i: number): number =>
  typeof vae.scale === "number" ? vae.scale : vae.scale[Math.floor(i / latentSide ** 2)];
const latents: Planes = {
  channels: vae.latentChannels,
  width: latentSide,
  height: latentSide,
  data: means.map((mean, i) => mean * scaleOf(i)),
};
const decoder = (size: number) =>
  buildVaeDecoder(checkpoint, vae, { dialect, batch: 1, latentHeight: size, latentWidth: size });
const { pixels: whole } = await runGraph(decoder(latentSide), { latents: latents.data });

/** Root mean square of the difference's step from one column to the next, at each column. */
function columnSteps(difference: Float32Array): number[] {
  return Array.from({ length: side - 1 }, (_, x) => {
    let sum = 0;
    for (let row = 0; row < 3 * side; row++)
      sum += (difference[row * side + x + 1] - difference[row * side + x]) ** 2;
    return Math.sqrt(sum / (3 * side));
  });
}

console.log(`| tile, latents | tiles | RMS | largest | largest step at a seam | elsewhere |`);
for (const tile of TILES.filter((size) => size < latentSide)) {
  const session = await createGraphSession(decoder(tile));
  const tiled = await decodeInTiles(
    latents,
    tile,
    SCALE,
    async ({ data }) => (await session.run({ latents: data })).pixels.data,
  );
  await session.release();
  const difference = tiled.data.map((value, i) => value - whole.data[i]);
  const rms = Math.sqrt(difference.reduce((sum, value) => sum + value * value, 0) / difference.length);
  const largest = difference.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const { columns } = planTiles(latents, vaeTiling(tile));
  // A seam is where both neighbours are at work.
  const shared = columns.slice(1).map(({ start }, i) => [start, columns[i].start + tile] as const);
  const steps = columnSteps(difference);
  const atSeam = (x: number): boolean =>
    shared.some(([start, end]) => x >= SCALE * start - 1 && x < SCALE * end);
  const most = (wanted: boolean): string =>
    Math.max(...steps.filter((_, x) => atSeam(x) === wanted)).toFixed(3);
  console.log(
    `| ${tile} | ${columns.length}x${columns.length} | ${rms.toFixed(3)} | ${largest.toFixed(2)} | ${most(true)} | ${most(false)} |`,
  );
}
