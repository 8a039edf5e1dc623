// The VAE over a picture in overlapping tiles of latents, for when the whole does not fit. Sees sessions; the memory policy says
// how large tiles are.

import { cutPlanes, PlaneBlender, type Planes } from "../imaging/plane-tiles.ts";
import { planTiles, type Tiling } from "../imaging/tiles.ts";

/** Latents to pixels or back, for one tile; every tile of a picture has the same size. */
export type RunTile = (tile: Planes) => Promise<Float32Array>;

/**
 * In latents. 128 pixels are shared by neighbours, so that what their normalisations make differently bright passes over
 * gradually. The outermost 16 are thrown away: convolutions saw zeros beyond them, which reaches that far with visible strength.
 */
export function vaeTiling(size: number): Tiling {
  return { size, overlap: 16, margin: 2 };
}

/** latents [channels, h, w] → pixels [3, scale · h, scale · w] */
export async function decodeInTiles(
  latents: Planes,
  tile: number,
  scale: number,
  run: RunTile,
): Promise<Planes> {
  return inTiles(latents, latents, { tile, read: 1, write: scale, channels: 3 }, run);
}

/** pixels [3, h, w] → moments [channels, h / scale, w / scale] */
export async function encodeInTiles(
  pixels: Planes,
  tile: number,
  scale: number,
  channels: number,
  run: RunTile,
): Promise<Planes> {
  const latents = { width: pixels.width / scale, height: pixels.height / scale };
  return inTiles(pixels, latents, { tile, read: scale, write: 1, channels }, run);
}

interface TilePass {
  readonly tile: number;
  /** Values per latent along one side, of what is read and of what is written. */
  readonly read: number;
  readonly write: number;
  /** Of the result. */
  readonly channels: number;
}

async function inTiles(
  planes: Planes,
  latents: { readonly width: number; readonly height: number },
  { tile, read, write, channels }: TilePass,
  run: RunTile,
): Promise<Planes> {
  const tiling = vaeTiling(tile);
  const grid = planTiles(latents, tiling);
  const blender = new PlaneBlender(grid, channels, write, tiling);
  for (const [row, down] of grid.rows.entries()) {
    for (const [column, across] of grid.columns.entries()) {
      blender.add(row, column, await run(cutPlanes(planes, across, down, read)));
    }
  }
  return blender.planes;
}
