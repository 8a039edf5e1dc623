// Conversion of network pixels and latents to bytes.

import { expect, test } from "vitest";
import { latentPreview } from "../../../src/imaging/latent-preview.ts";
import { pixelsToRgba, rgbaToPixels } from "../../../src/imaging/pixels.ts";

test("pixelsToRgba() maps -1..1 to 0..255 by rounding, clamps, and interleaves the channels", () => {
  const data = Float32Array.of(-1, 1, /* green */ 0.0079, -2, /* blue */ 2, 0.5);
  const { pixels } = pixelsToRgba(data, 2, 1);
  expect([...pixels]).toEqual([0, 129, 255, 255, 255, 0, 191, 255]);
});

test("pixelsToRgba() turns every byte's value back into that byte", () => {
  const pixels = Uint8ClampedArray.from({ length: 4 * 256 }, (_, i) => (i % 4 === 3 ? 255 : i >> 2));
  const data = rgbaToPixels({ width: 256, height: 1, pixels });
  expect(data).toHaveLength(3 * 256);
  expect(data[0]).toBe(-1);
  expect(data[255]).toBe(1);
  expect(pixelsToRgba(data, 256, 1).pixels).toEqual(pixels);
});

test("pixelsToRgba() wants as many values as the size says", () => {
  expect(() => pixelsToRgba(new Float32Array(5), 2, 1)).toThrowError(
    /6 values expected for 2x1 pixels, got 5/,
  );
});

test("latentPreview() is the matrix product plus the bias", () => {
  const latents = Float32Array.of(1, 0, /* second channel */ 0, 1);
  const preview = latentPreview(latents, 2, 1, {
    factors: [
      [0.5, 0, -3],
      [0, 0.25, 1],
    ],
    bias: [0.1, -0.2, 0],
  });
  expect(preview).toMatchObject({ width: 2, height: 1 });
  const byte = (value: number) => Math.round((value + 1) * 127.5);
  expect([...preview.pixels]).toEqual([byte(0.6), byte(-0.2), 0, 255, byte(0.1), byte(0.05), 255, 255]);
});

test("latentPreview() shows the first picture of a batch and rejects too few latents", () => {
  const rgb = { factors: [[1, 1, 1]] as const, bias: [0, 0, 0] as const };
  expect(latentPreview(Float32Array.of(0, 1), 1, 1, rgb).pixels).toHaveLength(4);
  expect(() => latentPreview(Float32Array.of(0), 2, 1, rgb)).toThrowError(/1x1x2 latents expected, got 1/);
});
