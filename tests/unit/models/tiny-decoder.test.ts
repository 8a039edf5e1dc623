// TAESD's decoder against diffusers' AutoencoderTiny in float32, from both published layouts (tools/fixtures/model_parts.py).

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { dialects } from "../../../src/models/dialects.ts";
import { buildTinyDecoder } from "../../../src/models/tiny-decoder.ts";
import { detectTinyDecoder } from "../../../src/models/tiny-decoder-config.ts";
import { memorySource } from "../../../src/weights/memory-source.ts";
import { openSafetensors } from "../../../src/weights/safetensors.ts";
import { GoldenTensors } from "../../support/fixture-model.ts";
import { relativeDifference, runGraph } from "../../support/run-graph.ts";

const TOLERANCE = 1e-4;
const [HEIGHT, WIDTH] = [4, 6];
const fixture = (name: string): Uint8Array =>
  readFileSync(new URL(`../../fixtures/parts/${name}`, import.meta.url));

describe.each(["taesd-diffusers.safetensors", "taesd_decoder.safetensors"])("%s", (name) => {
  test.each(Object.values(dialects))("decodes as diffusers does in dialect $id", async (dialect) => {
    const checkpoint = await openSafetensors(memorySource(fixture(name), name));
    const golden = await GoldenTensors.of(fixture("golden.safetensors"));
    const config = detectTinyDecoder(checkpoint);
    const graph = buildTinyDecoder(checkpoint, config, { dialect, latentHeight: HEIGHT, latentWidth: WIDTH });
    const latents = golden.float32("taesd.latents").subarray(0, 4 * HEIGHT * WIDTH);
    const expected = golden.float32("taesd.pixels").subarray(0, 3 * 64 * HEIGHT * WIDTH);
    const { pixels } = await runGraph(graph, { latents: latents.slice() });
    expect(pixels.shape).toEqual([1, 3, 8 * HEIGHT, 8 * WIDTH]);
    expect(relativeDifference(pixels.data, expected)).toBeLessThan(TOLERANCE);
  });
});
