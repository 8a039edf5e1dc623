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
// Latents along the longer side, as many as there is time for: larger ones are averaged down. 512 pixels are enough to judge a
// composition; with 256, a quarter of the work, one still sees what it will be.
const SIDES = [64, 32];
// A preview that is older than this shows less of how the picture stands than the colours of its latents, which cost nothing.
const MAX_STEPS_BETWEEN = 5;
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

/** What this device takes for decoding: known from the last preview, whatever its size. It outlives jobs. */
export class DecodingPace {
  #secondsPerLatent: number | undefined;

  took(seconds: number, latents: number): void {
    this.#secondsPerLatent = seconds / latents;
  }

  /** By how much to average down; undefined where even the smallest preview would come too rarely at this pace of steps. */
  factor([, height, width]: LatentShape, secondsPerStep: number): number | undefined {
    const factors = SIDES.map((side) => Math.ceil(Math.max(height, width) / side));
    const perLatent = this.#secondsPerLatent;
    if (perLatent === undefined) return factors[0];
    const affordable = (MAX_STEPS_BETWEEN * secondsPerStep) / (1 / PREVIEW_SHARE - 1);
    return factors.find(
      (factor) => perLatent * Math.floor(height / factor) * Math.floor(width / factor) <= affordable,
    );
  }
}

/** One batch's previews. A decoder that fails once is not asked again: a job must not end because of its previews. */
export class DecodedPreviews {
  readonly #decode: DecodeSmall;
  readonly #pace: DecodingPace;
  readonly #now: () => number;
  #nextAt = -Infinity;
  #works = true;

  /** `now` in milliseconds. */
  constructor(decode: DecodeSmall, pace: DecodingPace, now: () => number) {
    this.#decode = decode;
    this.#pace = pace;
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

  /**
   * Undefined where the decoder failed, or is too slow beside steps that take this long.
   * @param latents of at least one picture; the first is shown.
   */
  async preview(
    latents: Float32Array,
    shape: LatentShape,
    secondsPerStep: number,
  ): Promise<RgbaPixels | undefined> {
    const factor = this.#pace.factor(shape, secondsPerStep);
    if (factor === undefined) return undefined;
    const [channels, height, width] = shape;
    const small = shrinkLatents(latents.subarray(0, channels * height * width), shape, factor);
    const [, rows, columns] = small.shape;
    const start = this.#now();
    const pixels = await this.#decode(small.data, small.shape).catch(() => undefined);
    const end = this.#now();
    this.#nextAt = end + (end - start) * (1 / PREVIEW_SHARE - 1);
    this.#works = pixels !== undefined;
    if (pixels) this.#pace.took((end - start) / 1000, rows * columns);
    return pixels && pixelsToRgba(pixels, DOWNSCALE * columns, DOWNSCALE * rows);
  }
}
