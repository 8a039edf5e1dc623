// Previews by a tiny decoder: which decoder, how often, and the decoder's own picture in the engine's events.

import { describe, expect, test } from "vitest";
import {
  DecodedPreviews,
  DecodingPace,
  type LatentShape,
  previewDecoderFor,
  shrinkLatents,
} from "../../../src/engine/decoded-previews.ts";
import { pixelsToRgba } from "../../../src/imaging/pixels.ts";
import { detectModel } from "../../../src/models/detect-model.ts";
import { dialects } from "../../../src/models/dialects.ts";
import { buildTinyDecoder } from "../../../src/models/tiny-decoder.ts";
import { detectTinyDecoder } from "../../../src/models/tiny-decoder-config.ts";
import type { EngineEvent } from "../../../src/protocol/engine-api.ts";
import { memorySource } from "../../../src/weights/memory-source.ts";
import { openSafetensors } from "../../../src/weights/safetensors.ts";
import { openPart, partBytes, partRecord } from "../../support/fixture-parts.ts";
import { headerFixture, headerOnlyCheckpoint } from "../../support/header-only.ts";
import { startNodeEngine } from "../../support/node-engine.ts";
import { runGraph } from "../../support/run-graph.ts";
import { tinyRequest } from "../../support/tiny-request.ts";

const TAESD = partRecord("taesd_decoder.safetensors", "preview-decoder", { family: "sd1" });
const TAESDXL = partRecord("taesdxl_decoder.safetensors", "preview-decoder", { family: "sdxl" });

describe("the decoder of a model", () => {
  const detected = (name: string, family?: string) =>
    detectModel(headerOnlyCheckpoint(headerFixture(name)), family);

  test.each([
    ["stable-diffusion-1-5", undefined, TAESD],
    ["stable-diffusion-2-1", undefined, TAESD],
    ["stable-diffusion-xl-base", undefined, TAESDXL],
    ["stable-diffusion-xl-refiner", undefined, TAESDXL],
    ["stable-diffusion-xl-base", "playground-2.5", undefined],
  ])("%s as %s is the one for its latents", (name, family, expected) => {
    expect(previewDecoderFor(detected(name, family), [TAESDXL, TAESD])).toBe(expected);
  });

  test("is none for a model with latents of its own, or when the library has none", () => {
    const model = detected("stable-diffusion-1-5");
    expect(previewDecoderFor(model, [])).toBeUndefined();
    const own = { ...model, latentRgbFactors: { ...model.latentRgbFactors } };
    expect(previewDecoderFor(own, [TAESD])).toBeUndefined();
  });
});

test("large latents are averaged down", () => {
  const shrunk = shrinkLatents(Float32Array.of(1, 3, 9, 5, 7, 9, 10, 20, 9, 30, 40, 9), [2, 2, 3], 2);
  expect(shrunk).toEqual({ shape: [2, 1, 1], data: Float32Array.of(4, 25) });
});

describe("DecodedPreviews", () => {
  const shape: LatentShape = [4, 96, 128];
  const latents = new Float32Array(4 * 96 * 128);

  /** A decoder that takes this long for latents of 64 a side, and a clock that only it moves. */
  function slowDecoder(secondsAt64: number, pace = new DecodingPace()) {
    const state = { now: 0, sides: [] as number[] };
    const previews = new DecodedPreviews(
      (_, [, height, width]) => {
        state.now += (1000 * secondsAt64 * height * width) / 64 ** 2;
        state.sides.push(Math.max(height, width));
        return Promise.resolve(new Float32Array(3 * 64 * height * width));
      },
      pace,
      () => state.now,
    );
    return { previews, pace, state };
  }
  const square: LatentShape = [4, 64, 64];

  test("takes a tenth of the time at most, from latents of 64 at most", async () => {
    const { previews, state } = slowDecoder(0.064);
    expect(previews.due).toBe(true);
    expect(await previews.preview(latents, shape, 1)).toMatchObject({ width: 512, height: 384 });
    expect(state.now).toBe(48);
    expect(previews.due).toBe(false);
    state.now += 9 * 48 - 1;
    expect(previews.due).toBe(false);
    state.now += 1;
    expect(previews.due).toBe(true);
  });

  test("shrinks when five steps are too few to pay for the next one, and grows again beside slower steps", async () => {
    const { previews, state } = slowDecoder(1);
    // 9 seconds until the next one: 5 steps of 2 seconds are enough, 5 of 1 are not, but a quarter of the work fits.
    for (const secondsPerStep of [2, 2, 1, 1, 2]) await previews.preview(latents, square, secondsPerStep);
    expect(state.sides).toEqual([64, 64, 32, 32, 64]);
  });

  test("leaves a job with fast steps to colours, in the next job too", async () => {
    const { previews, pace, state } = slowDecoder(1);
    expect(await previews.preview(latents, square, 0.4)).toBeDefined(); // nobody knows yet
    state.now += 60_000;
    expect(await previews.preview(latents, square, 0.4)).toBeUndefined();
    expect([previews.works, previews.due]).toEqual([true, true]);
    const next = slowDecoder(1, pace);
    expect(await next.previews.preview(latents, square, 0.4)).toBeUndefined();
    expect(next.state.sides).toEqual([]);
    expect(await next.previews.preview(latents, square, 4)).toMatchObject({ width: 512 });
  });

  test("gives up after a failure instead of ending the job", async () => {
    const previews = new DecodedPreviews(
      () => Promise.reject(new Error("no memory")),
      new DecodingPace(),
      () => 0,
    );
    expect(await previews.preview(latents, shape, 1)).toBeUndefined();
    expect(previews.works).toBe(false);
  });
});

describe("the engine", () => {
  const preview = (events: readonly EngineEvent[]) =>
    events.findLast((event) => event.type === "step")?.preview;
  const request = tinyRequest({ steps: 1, preview: true, dumpTensors: true });

  test("shows what the decoder makes of the denoised latents", async () => {
    const { engine, events } = await startNodeEngine({
      openModel: openPart([TAESD]),
      listModels: () => Promise.resolve([TAESD]),
    });
    // Euler's only step ends at sigma 0, so its denoised latents are the final ones.
    const { tensors } = await engine.generate("decoder", { ...request, previewMethod: "decoder" });
    const checkpoint = await openSafetensors(memorySource(partBytes(TAESD.fileName), TAESD.fileName));
    const graph = buildTinyDecoder(checkpoint, detectTinyDecoder(checkpoint), {
      ...{ dialect: dialects["wasm-float32"], latentHeight: 8, latentWidth: 8 },
    });
    const { pixels } = await runGraph(graph, { latents: tensors!.latents.data });
    const expected = pixelsToRgba(pixels.data, 64, 64);
    const shown = preview(events)!;
    expect([shown.width, shown.height]).toEqual([64, 64]);
    const worst = shown.pixels.reduce(
      (max, value, i) => Math.max(max, Math.abs(value - expected.pixels[i])),
      0,
    );
    expect(worst).toBeLessThanOrEqual(1);

    await engine.generate("colours", { ...request, previewMethod: "colours" });
    expect(preview(events)).toMatchObject({ width: 8, height: 8 });
  });

  test("falls back to colours without a decoder, and with a damaged one", async () => {
    for (const records of [[], [{ ...TAESD, fileName: "qz.safetensors" }]]) {
      const { engine, events } = await startNodeEngine({
        openModel: openPart(records),
        listModels: () => Promise.resolve(records),
      });
      await engine.generate("colours", { ...request, previewMethod: "decoder" });
      expect(preview(events)).toMatchObject({ width: 8, height: 8 });
    }
  });
});
