// Previews by a tiny decoder: which file of the library fits a model, and when one may run so that it stays cheap. Makes no
// session; the loader does.

import { type RgbaPixels, pixelsToRgba } from "../imaging/pixels.ts";
import { families } from "../models/families.ts";
import type { ModelTraits } from "../models/model-config.ts";
import type { ModelRecord } from "../protocol/library-api.ts";

/** Latents of one picture: [channels, height, width]. */
export type LatentShape = readonly [channels: number, height: number, width: number];

/** Latents as samplers see them → pixels, 8 times as large. Undefined where nothing can decode them. */
export type DecodeSmall = (latents: Float32Array, shape: LatentShape) => Promise<Float32Array | undefined>;

// Of a job's time. What people wait for is the picture.
const PREVIEW_SHARE = 0.1;
// 512 pixels are enough to judge a composition; larger latents are averaged down to this many along their longer side.
const MAX_SIDE = 64;
const DOWNSCALE = 8;

/**
 * The decoder for this model's latents. A model that brings its own preview colours has a latent space of its own, which no
 * published decoder knows.
 */
export function previewDecoderFor(
  { family, latentRgbFactors }: ModelTraits,
  records: readonly ModelRecord[],
): ModelRecord | undefined {
  if (latentRgbFactors !== family.latentRgbFactors) return undefined;
  const space = JSON.stringify(family.latents);
  return records.find((record) => {
    const own = families.find(({ id }) => id === record.family);
    return record.type === "preview-decoder" && own && JSON.stringify(own.latents) === space;
  });
}

/** Mean of every factor x factor latents; what is left over at the right and the bottom is dropped. */
export function shrinkLatents(
  latents: Float32Array,
  [channels, height, width]: LatentShape,
  factor: number,
): { readonly data: Float32Array; readonly shape: LatentShape } {
  const shape: LatentShape = [channels, Math.floor(height / factor), Math.floor(width / factor)];
  const [, rows, columns] = shape;
  const data = new Float32Array(channels * rows * columns);
  for (let channel = 0; channel < channels; channel++) {
    for (let row = 0; row < rows * factor; row++) {
      const to = (channel * rows + Math.floor(row / factor)) * columns;
      const from = (channel * height + row) * width;
      for (let column = 0; column < columns * factor; column++)
        data[to + Math.floor(column / factor)] += latents[from + column] / factor ** 2;
    }
  }
  return { data, shape };
}

/** One batch's previews. A decoder that fails once is not asked again: a job must not end because of its previews. */
export class DecodedPreviews {
  readonly #decode: DecodeSmall;
  readonly #now: () => number;
  #nextAt = -Infinity;
  #works = true;

  /** `now` in milliseconds. */
  constructor(decode: DecodeSmall, now: () => number) {
    this.#decode = decode;
    this.#now = now;
  }

  /** False once the decoder failed or did not fit: the colours of the latents are all there is. */
  get works(): boolean {
    return this.#works;
  }

  /** Whether enough time has passed that one more preview costs no more than its share. */
  get due(): boolean {
    return this.#now() >= this.#nextAt;
  }

  /** @param latents of at least one picture; the first is shown. */
  async preview(latents: Float32Array, shape: LatentShape): Promise<RgbaPixels | undefined> {
    const [channels, height, width] = shape;
    const factor = Math.ceil(Math.max(height, width) / MAX_SIDE);
    const small = shrinkLatents(latents.subarray(0, channels * height * width), shape, factor);
    const start = this.#now();
    const pixels = await this.#decode(small.data, small.shape).catch(() => undefined);
    const end = this.#now();
    this.#nextAt = end + (end - start) * (1 / PREVIEW_SHARE - 1);
    this.#works = pixels !== undefined;
    return pixels && pixelsToRgba(pixels, DOWNSCALE * small.shape[2], DOWNSCALE * small.shape[1]);
  }
}
