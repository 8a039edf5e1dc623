// Cutting planes into tiles and putting them together again.

import { expect, test } from "vitest";
import { cutPlanes, PlaneBlender, type Planes } from "../../../src/imaging/plane-tiles.ts";
import { planTiles } from "../../../src/imaging/tiles.ts";

const tiling = { size: 16, overlap: 6, margin: 1 };
const planes: Planes = {
  channels: 2,
  width: 40,
  height: 29,
  data: Float32Array.from({ length: 2 * 40 * 29 }, (_, i) => Math.sin(i) * (i % 13)),
};

test("tiles that a network leaves as they are make the planes they were cut from", () => {
  const grid = planTiles(planes, tiling);
  const blender = new PlaneBlender(grid, 2, 1, tiling);
  for (const [row, down] of grid.rows.entries()) {
    for (const [column, across] of grid.columns.entries()) {
      blender.add(row, column, cutPlanes(planes, across, down).data);
    }
  }
  expect(blender.planes).toMatchObject({ channels: 2, width: 40, height: 29 });
  const worst = blender.planes.data.reduce((most, x, i) => Math.max(most, Math.abs(x - planes.data[i])), 0);
  expect(worst).toBeLessThan(1e-5);
});

test("a span covers `scale` times its values", () => {
  const cut = cutPlanes(planes, { start: 3, extent: 2 }, { start: 1, extent: 2 }, 4);
  expect(cut).toMatchObject({ channels: 2, width: 8, height: 8 });
  expect(cut.data[0]).toBe(planes.data[4 * 40 + 12]);
  expect(cut.data[8 * 8]).toBe(planes.data[29 * 40 + 4 * 40 + 12]);
});

test("the outer margin of a tile does not count where a neighbour covers it", () => {
  const grid = planTiles({ width: 26, height: 16 }, tiling);
  const blender = new PlaneBlender(grid, 1, 1, tiling);
  const clean = new Float32Array(16 * 16).fill(1);
  const spoilt = clean.map((value, i) => (i % 16 === 0 ? 1000 : value)); // the second tile's left column
  blender.add(0, 0, clean);
  blender.add(0, 1, spoilt);
  expect(Math.max(...blender.planes.data)).toBeCloseTo(1, 5);
});

test("a tile of another size is refused", () => {
  const blender = new PlaneBlender(planTiles(planes, tiling), 2, 1, tiling);
  expect(() => blender.add(0, 0, new Float32Array(10))).toThrow(/expected a tile of 2x16x16, got 10 values/);
});
