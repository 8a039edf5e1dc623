// An upscaling job through the real engine on WASM: tiny random-weight upscalers, pixels against the graph run directly.

import { readFileSync } from "node:fs";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import type { RgbaPixels } from "../../../src/imaging/pixels.ts";
import { parseInfotext } from "../../../src/imaging/infotext.ts";
import { insertPngText, readPngText } from "../../../src/imaging/png-text.ts";
import type { OpenedModel } from "../../../src/library/open-model.ts";
import { dialects } from "../../../src/models/dialects.ts";
import { buildUpscaler } from "../../../src/models/upscalers/build-upscaler.ts";
import { detectUpscaler } from "../../../src/models/upscalers/detect-upscaler.ts";
import type { EngineEvent } from "../../../src/protocol/engine-api.ts";
import type { UpscaleRequest } from "../../../src/protocol/upscale-request.ts";
import { memorySource } from "../../../src/weights/memory-source.ts";
import { openCheckpoint } from "../../../src/weights/open-checkpoint.ts";
import {
  decodePngInNode,
  encodePngInNode,
  startNodeEngine,
  type NodeEngine,
} from "../../support/node-engine.ts";
import { openTinyModel } from "../../support/node-fixtures.ts";
import { loadNodeOrt } from "../../support/node-runtime.ts";
import { runGraph } from "../../support/run-graph.ts";
import { tinyRequest } from "../../support/tiny-request.ts";

const ORIGINAL =
  "a boat\nNegative prompt: fog\nSteps: 12, Sampler: Euler a, CFG scale: 5, Seed: 77, Size: 20x14, Version: Other 1.0";

const fixture = (name: string): Uint8Array =>
  readFileSync(new URL(`../../fixtures/upscalers/${name}`, import.meta.url));

async function openUpscaler(modelId: string): Promise<OpenedModel> {
  const { record } = await openTinyModel(modelId);
  const source = memorySource(fixture(modelId), modelId);
  return { source, record: { ...record, type: "upscaler", fileName: modelId } };
}

const openModel = (modelId: string): Promise<OpenedModel> =>
  modelId === "tiny" ? openTinyModel(modelId) : openUpscaler(modelId);

/** Smooth colours, so that a shift by one pixel would show. */
function gradient(width: number, height: number): RgbaPixels {
  const pixels = new Uint8ClampedArray(4 * width * height);
  for (let i = 0; i < width * height; i++) {
    const [x, y] = [i % width, Math.floor(i / width)];
    pixels.set([(255 * x) / width, (255 * y) / height, (128 * (x + y)) / (width + height), 255], 4 * i);
  }
  return { width, height, pixels };
}

async function pngOf(picture: RgbaPixels, parameters?: string): Promise<Blob> {
  const png = await encodePngInNode(picture);
  return new Blob([parameters === undefined ? png : insertPngText(png, { parameters })]);
}

let shared: NodeEngine;
beforeAll(async () => {
  shared = await startNodeEngine({ openModel });
});
beforeEach(() => {
  shared.events.length = 0;
});
afterAll(() => shared.engine.unload());

async function requestFor(changes: Partial<UpscaleRequest> = {}): Promise<UpscaleRequest> {
  return {
    upscaler: { kind: "model", modelId: "compact-x2.safetensors" },
    target: { kind: "factor", factor: 2 },
    file: await pngOf(gradient(20, 14)),
    fileName: "boat.png",
    ...changes,
  };
}

const picturesOf = (events: readonly EngineEvent[]) =>
  events.filter((event) => event.type === "picture").map(({ picture }) => picture);
const tilesOf = (events: readonly EngineEvent[]) => events.filter((event) => event.type === "tile");

test("a picture goes through the model's graph and keeps its recipe", async () => {
  const source = gradient(20, 14);
  const modelId = "real-esrgan-x4.pth";
  const request = await requestFor({
    upscaler: { kind: "model", modelId },
    target: { kind: "factor", factor: 4 },
    file: await pngOf(source, ORIGINAL),
  });
  const summary = await shared.engine.upscale("a", request);
  expect(summary).toMatchObject({ jobId: "a", outcome: "finished", width: 80, height: 56, tileSize: 20 });
  expect(shared.events.map(({ type }) => type)).toEqual(
    expect.arrayContaining(["started", "loading", "tile", "picture", "finished"]),
  );

  const [picture] = picturesOf(shared.events);
  expect(picture).toMatchObject({ seed: 77, width: 80, height: 56 });
  const { prompt, negativePrompt, parameters } = parseInfotext(picture.infotext);
  expect([prompt, negativePrompt]).toEqual(["a boat", "fog"]);
  expect(parameters.slice(-3)).toEqual([
    ["Version", "Other 1.0"],
    ["Postprocess upscale by", "4"],
    ["Postprocess upscaler", "real-esrgan-x4"],
  ]);
  const file = new Uint8Array(await picture.file.arrayBuffer());
  expect(readPngText(file).get("parameters")).toBe(picture.infotext);

  const { checkpoint, config } = detectUpscaler(
    await openCheckpoint(memorySource(fixture(modelId), modelId)),
  );
  const graph = buildUpscaler(checkpoint, config, {
    dialect: dialects["wasm-float32"],
    height: 14,
    width: 20,
  });
  const area = 20 * 14;
  const pixels = Float32Array.from({ length: 3 * area }, (_, i) => {
    const channel = Math.floor(i / area);
    return source.pixels[4 * (i % area) + channel] / 255;
  });
  const { upscaled } = await runGraph(graph, { pixels });
  const expected = new Uint8ClampedArray(4 * 80 * 56).fill(255);
  for (let i = 0; i < 80 * 56; i++) {
    for (let channel = 0; channel < 3; channel++)
      expected[4 * i + channel] = 255 * upscaled.data[channel * 80 * 56 + i];
  }
  expect((await decodePngInNode(picture.file)).pixels).toEqual(expected);
});

test("large pictures go in tiles, each of which is told with the time left", async () => {
  const file = await pngOf(gradient(100, 80));
  const summary = await shared.engine.upscale("a", await requestFor({ file, maxTileSize: 64 }));
  expect(summary).toMatchObject({ outcome: "finished", width: 200, height: 160, tileSize: 64 });
  expect(summary.secondsPerTile).toBeGreaterThan(0);
  const tiles = tilesOf(shared.events);
  expect(tiles.map(({ tile, tiles }) => `${tile}/${tiles}`)).toEqual(["1/4", "2/4", "3/4", "4/4"]);
  expect(tiles.map(({ fraction }) => fraction)).toEqual([0.25, 0.5, 0.75, 1]);
  expect(tiles[0].secondsLeft).toBeGreaterThan(0);
  expect(tiles[3].secondsLeft).toBe(0);
});

test("several passes share one progress that never goes back", async () => {
  await shared.engine.upscale(
    "a",
    await requestFor({ target: { kind: "factor", factor: 8 }, maxTileSize: 64 }),
  );
  const tiles = tilesOf(shared.events);
  expect(new Set(tiles.map(({ pass, passes }) => `${pass}/${passes}`))).toEqual(
    new Set(["1/3", "2/3", "3/3"]),
  );
  const fractions = tiles.map(({ fraction }) => fraction);
  expect(fractions).toEqual(fractions.toSorted((a, b) => a - b));
  expect(fractions.at(-1)).toBe(1);
});

test("a target size is covered, and cut to the middle when asked", async () => {
  const target = { kind: "size", width: 30, height: 30, crop: true } as const;
  await shared.engine.upscale("cut", await requestFor({ target }));
  await shared.engine.upscale("whole", await requestFor({ target: { ...target, crop: false } }));
  const [cut, whole] = picturesOf(shared.events);
  expect([cut.width, cut.height]).toEqual([30, 30]);
  expect([whole.width, whole.height]).toEqual([43, 30]);
  expect(cut.infotext).toContain("Postprocess upscale to: 30x30, Postprocess crop to: 30x30");
  const [a, b] = [await decodePngInNode(cut.file), await decodePngInNode(whole.file)];
  expect(a.pixels.slice(0, 4)).toEqual(b.pixels.slice(4 * 6, 4 * 7));
});

test("filters need no model; transparency stays", async () => {
  const picture = gradient(4, 4);
  for (let y = 0; y < 4; y++) picture.pixels[4 * (4 * y) + 3] = 0; // the left column
  const file = await pngOf(picture);
  for (const filter of ["nearest", "lanczos"] as const) {
    await shared.engine.upscale(filter, await requestFor({ upscaler: { kind: "resample", filter }, file }));
  }
  const [nearest, lanczos] = picturesOf(shared.events);
  expect(nearest.infotext).toBe(
    "Postprocess upscale by: 2, Postprocess upscaler: Nearest, Version: Kiln 0.0.0-test",
  );
  expect(lanczos.infotext).toContain("Postprocess upscaler: Lanczos");
  const { pixels } = await decodePngInNode(nearest.file);
  const alphas = Array.from({ length: 8 }, (_, x) => pixels[4 * x + 3]);
  expect(alphas).toEqual([0, 0, 255, 255, 255, 255, 255, 255]);
  expect([...pixels.slice(4 * 2, 4 * 3)]).toEqual([...picture.pixels.slice(4, 8)]);
});

test("interrupting ends the job at the running tile and keeps nothing", async () => {
  const { engine, events } = await startNodeEngine({ openModel });
  const file = await pngOf(gradient(200, 160));
  const job = engine.upscale("a", await requestFor({ file, maxTileSize: 64 }));
  await vi.waitFor(() => expect(tilesOf(events).length).toBeGreaterThan(0), { interval: 1 });
  await engine.interrupt("a");
  expect(await job).toMatchObject({ outcome: "interrupted", width: 0 });
  const last = tilesOf(events).at(-1)!;
  expect(last.tile).toBeLessThan(last.tiles);
  expect(picturesOf(events)).toEqual([]);
  await engine.unload();
});

test("pictures are made and enlarged in one queue", async () => {
  const { engine, events } = shared;
  const ends = [
    engine.generate("generation", tinyRequest({ steps: 1 })),
    engine.upscale("upscaling", await requestFor()),
    engine.generate("another", tinyRequest({ steps: 1 })),
  ];
  await Promise.all(ends);
  const order = events.filter(({ type }) => type === "started" || type === "picture");
  expect(order.map(({ type, jobId }) => `${jobId} ${type}`)).toEqual([
    "generation started",
    "generation picture",
    "upscaling started",
    "upscaling picture",
    "another started",
    "another picture",
  ]);
});

test("memory that runs out on the processor's heap is told with the smaller tile to try in a new worker", async () => {
  const build = await loadNodeOrt();
  const { InferenceSession } = build.ort;
  const tried: number[] = [];
  const ort = {
    ...build.ort,
    InferenceSession: {
      create: async (...args: Parameters<typeof InferenceSession.create>) => {
        const session = await InferenceSession.create(...args);
        session.run = (feeds) => {
          tried.push(feeds.pixels.dims[3]);
          return Promise.reject(new Error("std::bad_alloc"));
        };
        return session;
      },
    },
  } as unknown as typeof build.ort;
  const { engine } = await startNodeEngine({ openModel, loadOrt: () => Promise.resolve({ ...build, ort }) });
  const file = await pngOf(gradient(300, 300));
  const details = { tileSize: 192, smallerTileSize: 96 };
  await expect(engine.upscale("a", await requestFor({ file }))).rejects.toMatchObject({
    name: "OutOfMemory",
    details,
  });
  expect(tried).toEqual([192]);
});

test("requests that make no sense, unreadable models and missing ones are refused by name", async () => {
  const { engine } = shared;
  const refusals: [Partial<UpscaleRequest>, object][] = [
    [
      { target: { kind: "factor", factor: Number.NaN } },
      { name: "InvalidRequest", details: { where: "scale" } },
    ],
    [{ target: { kind: "factor", factor: 9 } }, { name: "InvalidRequest" }],
    [
      { target: { kind: "size", width: 0, height: 8, crop: false } },
      { name: "InvalidRequest", details: { where: "target's width" } },
    ],
    [{ file: new Blob([]) }, { name: "InvalidRequest", details: { where: "picture" } }],
    [{ upscaler: { kind: "resample", filter: "sinc" as "lanczos" } }, { name: "InvalidRequest" }],
    [{ upscaler: { kind: "model", modelId: "tiny" } }, { name: "UnsupportedModel" }],
  ];
  for (const [changes, failure] of refusals) {
    await expect(engine.upscale("a", await requestFor(changes))).rejects.toMatchObject(failure);
  }
  expect(picturesOf(shared.events)).toEqual([]);
});
