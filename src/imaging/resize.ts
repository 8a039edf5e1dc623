// Resampling of pictures to another size with the filters of Pillow, whose results the tests compare with. Knows no network.

import type { RgbaPixels } from "./pixels.ts";

export interface Size {
  readonly width: number;
  readonly height: number;
}

type SampleArray = Float32Array<ArrayBuffer> | Uint8ClampedArray<ArrayBuffer>;

/** Rows of pixels of `channels` samples each. */
export interface Samples<T extends SampleArray> extends Size {
  readonly channels: number;
  readonly data: T;
}

interface Filter {
  /** Beyond this distance from its centre the weight is 0, in pixels of the larger of both sizes. */
  readonly support: number;
  weight(distance: number): number;
}

const sinc = (x: number): number => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));

const filters = {
  /** Three lobes. Sharpest; may overshoot at hard edges. */
  lanczos: { support: 3, weight: (x) => (Math.abs(x) < 3 ? sinc(x) * sinc(x / 3) : 0) },
  /** Keys' cubic with a = -1/2. */
  bicubic: {
    support: 2,
    weight: (distance) => {
      const x = Math.abs(distance);
      if (x < 1) return (1.5 * x - 2.5) * x ** 2 + 1;
      return x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0;
    },
  },
  /** The mean of the pixels whose centres are covered; when enlarging, the nearest one. */
  area: { support: 0.5, weight: (x) => (x > -0.5 && x <= 0.5 ? 1 : 0) },
} as const satisfies Record<string, Filter>;

export type ResizeFilter = keyof typeof filters;

/** What one output position is made of. */
interface Taps {
  readonly start: number;
  /** Of the inputs from `start` on; they add up to 1. */
  readonly weights: Float64Array;
}

/** For an axis of `from` samples resized to `to`: when shrinking, the filter grows to cover what is left out. */
function planTaps(from: number, to: number, { support, weight }: Filter): readonly Taps[] {
  const step = from / to;
  const stretch = Math.max(1, step);
  const reach = support * stretch;
  return Array.from({ length: to }, (_, position) => {
    const center = (position + 0.5) * step;
    const start = Math.max(0, Math.trunc(center - reach + 0.5));
    const end = Math.min(from, Math.trunc(center + reach + 0.5));
    const weights = Float64Array.from({ length: end - start }, (_, index) =>
      weight((start + index - center + 0.5) / stretch),
    );
    const total = weights.reduce((sum, value) => sum + value, 0);
    return { start, weights: weights.map((value) => value / total) };
  });
}

/**
 * Each channel by itself. Bytes are clamped and rounded once, at the end; Pillow does it after each axis, which clips what
 * overshoots at hard edges twice.
 */
export function resizeSamples<T extends SampleArray>(
  { data, channels, width, height }: Samples<T>,
  target: Size,
  filter: ResizeFilter,
): T {
  const across = planTaps(width, target.width, filters[filter]);
  const down = planTaps(height, target.height, filters[filter]);
  const rowLength = target.width * channels;
  const size = target.height * rowLength;
  const result = (data instanceof Float32Array ? new Float32Array(size) : new Uint8ClampedArray(size)) as T;
  const sums = new Float64Array(rowLength);

  // Input rows resized across, as many as one output row depends on: a whole picture of them could be a gigabyte.
  const depth = Math.max(...new Set(down.map(({ weights }) => weights.length)));
  const ring = Array.from({ length: depth }, () => new Float32Array(rowLength));
  let resized = 0;
  for (const [y, { start, weights }] of down.entries()) {
    for (; resized < start + weights.length; resized++) {
      const offset = resized * width * channels;
      resizeRow(data.subarray(offset, offset + width * channels), channels, across, sums);
      ring[resized % depth].set(sums);
    }
    sums.fill(0);
    for (let tap = 0; tap < weights.length; tap++) {
      const row = ring[(start + tap) % depth];
      const weight = weights[tap];
      for (let i = 0; i < rowLength; i++) sums[i] += weight * row[i];
    }
    // A clamped array clamps and rounds what it is set to.
    result.set(sums, y * rowLength);
  }
  return result;
}

function resizeRow(row: SampleArray, channels: number, taps: readonly Taps[], sums: Float64Array): void {
  for (let x = 0; x < taps.length; x++) {
    const { start, weights } = taps[x];
    for (let channel = 0; channel < channels; channel++) {
      let sum = 0;
      for (let tap = 0; tap < weights.length; tap++) {
        sum += weights[tap] * row[(start + tap) * channels + channel];
      }
      sums[x * channels + channel] = sum;
    }
  }
}

/** Transparency is a channel like the others: colours that differ where nothing shows must be made alike before. */
export function resizeRgba(picture: RgbaPixels, target: Size, filter: ResizeFilter): RgbaPixels {
  const { width, height, pixels } = picture;
  if (width === target.width && height === target.height) return picture;
  const resized = resizeSamples({ data: pixels, channels: 4, width, height }, target, filter);
  return { width: target.width, height: target.height, pixels: resized };
}
