// Cutting into tiles and putting together: cover, weights, seams and odd sizes.

import { expect, test } from "vitest";
import type { RgbaPixels } from "../../../src/imaging/pixels.ts";
import {
  featherWeights,
  planTiles,
  readTile,
  TileBlender,
  type PlanarPixels,
  type Tiling,
} from "../../../src/imaging/tiles.ts";

const tilings: readonly Tiling[] = [
  { size: 16, overlap: 4, margin: 1 },
  { size: 16, overlap: 4, margin: 0 },
  { size: 16, overlap: 4, margin: 2 },
  { size: 16, overlap: 0, margin: 0 },
  { size: 16, overlap: 11, margin: 3 },
];
const lengths = [1, 15, 16, 17, 28, 29, 40, 61, 100];

function picture(width: number, height: number): RgbaPixels {
  const pixels = new Uint8ClampedArray(4 * width * height);
  for (let i = 0; i < width * height; i++)
    pixels.set([(37 * i) % 256, (i * i) % 256, (91 * i) % 251, 255], 4 * i);
  return { width, height, pixels };
}

/** Every pixel `scale` times across and down. */
function enlarge({ width, height, data }: PlanarPixels, scale: number): PlanarPixels {
  const large = { width: scale * width, height: scale * height };
  return {
    ...large,
    data: Float32Array.from({ length: 3 * large.width * large.height }, (_, i) => {
      const x = Math.floor((i % large.width) / scale);
      const row = Math.floor(i / large.width);
      const channel = Math.floor(row / large.height);
      return data[(channel * height + Math.floor((row % large.height) / scale)) * width + x];
    }),
  };
}

function blend(source: RgbaPixels, scale: number, tiling: Tiling): RgbaPixels {
  const grid = planTiles(source, tiling);
  const blender = new TileBlender(grid, scale, tiling);
  grid.rows.forEach((rowSpan, row) => {
    grid.columns.forEach((columnSpan, column) => {
      blender.add(row, column, enlarge(readTile(source, columnSpan, rowSpan), scale));
    });
    blender.finishRow(row);
  });
  return blender.picture;
}

test.each(tilings)("tiles of $size with overlap $overlap cover any length, in one size", (tiling) => {
  for (const length of lengths) {
    const { columns, rows } = planTiles({ width: length, height: 3 }, tiling);
    expect(rows).toEqual([{ start: 0, extent: 3 }]);
    expect(columns[0].start).toBe(0);
    const last = columns[columns.length - 1];
    expect(last.start + last.extent).toBe(length);
    for (const [index, { start, extent }] of columns.entries()) {
      expect(extent).toBe(Math.min(length, tiling.size));
      if (index > 0) expect(columns[index - 1].start + extent - start).toBeGreaterThanOrEqual(tiling.overlap);
    }
    // Not one more than needed.
    expect((columns.length - 2) * (tiling.size - tiling.overlap) + tiling.size).toBeLessThan(
      Math.max(length, tiling.size),
    );
  }
});

test.each(tilings)(
  "weights of overlap $overlap, margin $margin add up to 1 and are 0 in margins",
  (tiling) => {
    for (const scale of [1, 2, 4]) {
      for (const length of lengths) {
        const { columns } = planTiles({ width: length, height: 1 }, tiling);
        const weights = featherWeights(columns, scale, tiling);
        const border = scale * tiling.margin;
        const totals = new Float32Array(scale * length);
        const margins: number[] = [];
        columns.forEach(({ start }, tile) => {
          weights[tile].forEach((weight, index) => (totals[scale * start + index] += weight));
          if (tile > 0) margins.push(...weights[tile].subarray(0, border));
          if (tile < columns.length - 1)
            margins.push(...weights[tile].subarray(weights[tile].length - border));
        });
        expect(margins.every((weight) => weight === 0)).toBe(true);
        expect(weights.every((values) => values.every((weight) => weight >= 0))).toBe(true);
        expect(totals.every((total) => Math.abs(total - 1) < 1e-6)).toBe(true);
      }
    }
  },
);

test("weights rise linearly between the margins of an overlap", () => {
  const tiling = { size: 8, overlap: 6, margin: 1 };
  const [left, right] = featherWeights(planTiles({ width: 10, height: 1 }, tiling).columns, 1, tiling);
  const rise = [0, 0.125, 0.375, 0.625, 0.875, 1, 1, 1];
  expect([...right]).toEqual(rise);
  expect([...left]).toEqual(rise.toReversed());
});

test.each([
  { width: 40, height: 29, scale: 1 },
  { width: 17, height: 33, scale: 2 },
  { width: 61, height: 16, scale: 3 },
  { width: 5, height: 7, scale: 4 },
])("$width x $height enlarged $scale times in tiles is the picture enlarged", ({ width, height, scale }) => {
  const source = picture(width, height);
  for (const tiling of tilings) {
    const blended = blend(source, scale, tiling);
    expect(blended).toMatchObject({ width: scale * width, height: scale * height });
    const grid = { start: 0, extent: width };
    const whole = enlarge(readTile(source, grid, { start: 0, extent: height }), scale);
    const area = whole.width * whole.height;
    const expected = Uint8ClampedArray.from({ length: 4 * area }, (_, i) =>
      i % 4 === 3 ? 255 : Math.round(255 * whole.data[(i % 4) * area + (i >> 2)]),
    );
    // toEqual() takes seconds on typed arrays of this size.
    expect(blended.pixels.length).toBe(expected.length);
    expect(blended.pixels.every((value, i) => value === expected[i])).toBe(true);
  }
});

test("readTile() gives planes of 0..1 from anywhere in the picture", () => {
  const tile = readTile(picture(5, 4), { start: 3, extent: 2 }, { start: 1, extent: 1 });
  const at = (i: number): number[] =>
    [(37 * i) % 256, (i * i) % 256, (91 * i) % 251].map((v) => Math.fround(v / 255));
  const [first, second] = [at(8), at(9)];
  expect(tile).toMatchObject({ width: 2, height: 1 });
  expect([...tile.data]).toEqual([first[0], second[0], first[1], second[1], first[2], second[2]]);
});

test("tilings that cannot cover a picture and tiles of another size are refused", () => {
  const size = { width: 40, height: 40 };
  expect(() => planTiles(size, { size: 16, overlap: 16, margin: 0 })).toThrowError(RangeError);
  expect(() => planTiles(size, { size: 16, overlap: 4, margin: 3 })).toThrowError(RangeError);
  expect(() => planTiles(size, { size: 15.5, overlap: 4, margin: 0 })).toThrowError(RangeError);
  const tiling = { size: 16, overlap: 4, margin: 0 };
  const blender = new TileBlender(planTiles(size, tiling), 2, tiling);
  const tile = { width: 16, height: 16, data: new Float32Array(3 * 16 * 16) };
  expect(() => {
    blender.add(0, 0, tile);
  }).toThrowError(/expected a tile of 32x32, got 16x16/);
});
