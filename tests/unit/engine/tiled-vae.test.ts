// The VAE in tiles against the VAE in one piece, with the embedded model's trained weights: how visible seams can be.

import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { decodeInTiles, encodeInTiles } from "../../../src/engine/tiled-vae.ts";
import type { Planes } from "../../../src/imaging/plane-tiles.ts";
import { detectModel } from "../../../src/models/detect-model.ts";
import { dialects } from "../../../src/models/dialects.ts";
import type { DetectedModel } from "../../../src/models/model-config.ts";
import { buildVaeDecoder } from "../../../src/models/vae-decoder.ts";
import { buildVaeEncoder } from "../../../src/models/vae-encoder.ts";
import type { OrtRuntime } from "../../../src/ort/ort-runtime.ts";
import type { OrtSession } from "../../../src/ort/ort-session.ts";
import { memorySource } from "../../../src/weights/memory-source.ts";
import { openSafetensors } from "../../../src/weights/safetensors.ts";
import { drawnPlanes } from "../../support/drawn-planes.ts";
import { createNodeRuntime } from "../../support/node-runtime.ts";

const FILE = new URL("../../../public/models/kiln-small/kiln-small.safetensors", import.meta.url);
const LATENTS = 48;
const TILE = 32; // the smallest the policy ever chooses
const SCALE = 8;
// Of pixels in -1..1, so 2 is white against black. Measured: 0.061, 0.25 and 0.024; the first two are a slow drift of brightness
// that comes from each tile's own normalisation, the last is what an eye would see as a seam.
const MAX_RMS = 0.08;
const MAX_DIFFERENCE = 0.35;
const MAX_SEAM_STEP = 0.03;
// Relative to the moments' own size. Measured: 0.17.
const MAX_MOMENTS_DIFFERENCE = 0.25;

const dialect = dialects["wasm-float32"];
let runtime: OrtRuntime;
let model: DetectedModel;
let wholeMoments: Float32Array;
let latents: Planes;
let whole: Float32Array;
let tiled: Planes;

async function using<T>(session: OrtSession, task: (session: OrtSession) => Promise<T>): Promise<T> {
  try {
    return await task(session);
  } finally {
    await session.release();
  }
}

const decoder = async (side: number): Promise<OrtSession> =>
  runtime.createSession(
    buildVaeDecoder(model.checkpoint, model.vae, {
      dialect,
      batch: 1,
      latentHeight: side,
      latentWidth: side,
    }),
    "cpu",
  );

const encoder = async (side: number): Promise<OrtSession> =>
  runtime.createSession(
    buildVaeEncoder(model.checkpoint, model.vae, { dialect, height: side, width: side }),
    "cpu",
  );

beforeAll(async () => {
  runtime = await createNodeRuntime();
  model = detectModel(await openSafetensors(memorySource(new Uint8Array(readFileSync(FILE)), "kiln-small")));
  const picture = drawnPlanes(LATENTS * SCALE);
  wholeMoments = await using(
    await encoder(LATENTS * SCALE),
    async (session) => (await session.run({ pixels: picture.data })).moments,
  );
  const { latentChannels: channels, scale } = model.vae;
  const means = wholeMoments.slice(0, channels * LATENTS * LATENTS);
  latents = {
    channels,
    width: LATENTS,
    height: LATENTS,
    data: means.map((mean, i) => mean * (typeof scale === "number" ? scale : scale[i % scale.length])),
  };
  whole = await using(
    await decoder(LATENTS),
    async (session) => (await session.run({ latents: latents.data })).pixels,
  );
  tiled = await using(await decoder(TILE), (session) =>
    decodeInTiles(latents, TILE, SCALE, async ({ data }) => (await session.run({ latents: data })).pixels),
  );
}, 120_000);

afterAll(() => runtime.dispose());

const rms = (values: ArrayLike<number>): number =>
  Math.sqrt(Float64Array.from(values).reduce((sum, value) => sum + value * value, 0) / values.length);

test("tiles decode to nearly the picture that one piece decodes to", () => {
  expect(tiled).toMatchObject({ channels: 3, width: LATENTS * SCALE, height: LATENTS * SCALE });
  const differences = tiled.data.map((value, i) => value - whole[i]);
  expect(rms(differences)).toBeLessThan(MAX_RMS);
  expect(differences.reduce((most, value) => Math.max(most, Math.abs(value)), 0)).toBeLessThan(
    MAX_DIFFERENCE,
  );
});

// A seam is a step that the whole picture does not have: the difference from one column to the next, over a column's height.
test("no column or row of pixels shows a step where tiles meet", () => {
  const { width, height } = tiled;
  const difference = tiled.data.map((value, i) => value - whole[i]);
  // Two tiles along each axis, and both are at work here.
  const [start, end] = [SCALE * (LATENTS - TILE), SCALE * TILE];
  const steps = (along: "x" | "y"): number[] =>
    Array.from({ length: end - start }, (_, i) => start - 1 + i).map((at) =>
      rms(
        Array.from({ length: 3 * (along === "x" ? height : width) }, (_, i) => {
          const [channel, across] = [i % 3, Math.floor(i / 3)];
          const index = (x: number, y: number): number => (channel * height + y) * width + x;
          return along === "x"
            ? difference[index(at + 1, across)] - difference[index(at, across)]
            : difference[index(across, at + 1)] - difference[index(across, at)];
        }),
      ),
    );
  expect(Math.max(...steps("x"), ...steps("y"))).toBeLessThan(MAX_SEAM_STEP);
});

test("tiles encode to nearly the moments that one piece encodes to", async () => {
  const moments = await using(await encoder(TILE * SCALE), (session) =>
    encodeInTiles(
      drawnPlanes(LATENTS * SCALE),
      TILE,
      SCALE,
      2 * latents.channels,
      async ({ data }) => (await session.run({ pixels: data })).moments,
    ),
  );
  const count = latents.data.length;
  const means = moments.data.slice(0, count);
  const scale = rms(wholeMoments.slice(0, count));
  expect(rms(means.map((mean, i) => mean - wholeMoments[i])) / scale).toBeLessThan(MAX_MOMENTS_DIFFERENCE);
});
