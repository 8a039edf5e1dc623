// A cheap look at latents: one matrix takes their channels to red, green and blue, one pixel per latent. Not a decoder.

import type { RgbaPixels } from "./pixels.ts";

/** Fitted for a family or stored in a model's own metadata: RGB in -1..1 = Σ channel · factors[channel] + bias. */
export interface LatentRgb {
  readonly factors: readonly (readonly [red: number, green: number, blue: number])[];
  readonly bias: readonly [red: number, green: number, blue: number];
}

/** @param latents one picture as samplers see it, [factors.length, height, width] (what follows is ignored). */
export function latentPreview(
  latents: Float32Array,
  width: number,
  height: number,
  { factors, bias }: LatentRgb,
): RgbaPixels {
  const area = width * height;
  if (latents.length < factors.length * area) {
    throw new RangeError(
      `${factors.length}x${height}x${width} latents expected, got ${latents.length} values`,
    );
  }
  const pixels = new Uint8ClampedArray(4 * area);
  for (let i = 0; i < area; i++) {
    for (let colour = 0; colour < 3; colour++) {
      let value = bias[colour];
      for (let channel = 0; channel < factors.length; channel++) {
        value += latents[channel * area + i] * factors[channel][colour];
      }
      pixels[4 * i + colour] = (value + 1) * 127.5;
    }
    pixels[4 * i + 3] = 255;
  }
  return { width, height, pixels };
}
