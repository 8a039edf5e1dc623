// Cuts a picture into overlapping tiles of one size and puts enlarged tiles together without seams. Knows no network.

import type { RgbaPixels } from "./pixels.ts";
import type { Size } from "./resize.ts";

/** In pixels of the picture that is cut. */
export interface Tiling {
  /** Side of a tile; smaller only along a side of the picture that is smaller itself. */
  readonly size: number;
  /** What neighbours share at least. */
  readonly overlap: number;
  /** How much of a tile's border is not used where it has a neighbour: the network did not see what is beyond. */
  readonly margin: number;
}

export interface Span {
  readonly start: number;
  readonly extent: number;
}

/** Every pair of a row and a column is a tile. */
export interface TileGrid {
  readonly columns: readonly Span[];
  readonly rows: readonly Span[];
}

/** float32 [3, height, width] in 0..1. */
export interface PlanarPixels extends Size {
  readonly data: Float32Array;
}

const CHANNELS = 3;

/** As few tiles as cover the picture, evenly spread and all of one size, so that one graph of a fixed size does for all. */
export function planTiles({ width, height }: Size, tiling: Tiling): TileGrid {
  const { size, overlap, margin } = tiling;
  if (!(Number.isInteger(size) && Number.isInteger(overlap) && overlap < size && 2 * margin <= overlap)) {
    throw new RangeError(
      `expected whole numbers with 2 · margin ≤ overlap < size, got ${JSON.stringify(tiling)}`,
    );
  }
  return { columns: planAxis(width, tiling), rows: planAxis(height, tiling) };
}

function planAxis(length: number, { size, overlap }: Tiling): readonly Span[] {
  if (length <= size) return [{ start: 0, extent: length }];
  const count = Math.ceil((length - overlap) / (size - overlap));
  return Array.from({ length: count }, (_, index) => ({
    start: Math.round((index * (length - size)) / (count - 1)),
    extent: size,
  }));
}

/** The colours of one tile; transparency is ignored. */
export function readTile(picture: RgbaPixels, column: Span, row: Span): PlanarPixels {
  const { extent: width } = column;
  const { extent: height } = row;
  const area = width * height;
  const data = new Float32Array(CHANNELS * area);
  for (let y = 0; y < height; y++) {
    let from = 4 * ((row.start + y) * picture.width + column.start);
    for (let to = y * width; to < (y + 1) * width; to++, from += 4) {
      for (let channel = 0; channel < CHANNELS; channel++) {
        data[channel * area + to] = picture.pixels[from + channel] / 255;
      }
    }
  }
  return { width, height, data };
}

/**
 * How much each tile along an axis counts at each of its pixels, `scale` times enlarged. Rises linearly from the margin to the
 * end of the overlap; at each pixel of the picture, all tiles' weights add up to 1.
 */
export function featherWeights(
  spans: readonly Span[],
  scale: number,
  { overlap, margin }: Tiling,
): Float32Array[] {
  const last = spans[spans.length - 1];
  const totals = new Float32Array(scale * (last.start + last.extent));
  const ramp = overlap - 2 * margin;
  const rise = (distance: number): number => {
    if (ramp === 0) return distance > margin ? 1 : 0;
    return Math.min(1, Math.max(0, (distance - margin) / ramp));
  };
  const all = spans.map((span) =>
    Float32Array.from({ length: scale * span.extent }, (_, index) => {
      const distance = (index + 0.5) / scale;
      const left = span.start === 0 ? 1 : rise(distance);
      const right = span === last ? 1 : rise(span.extent - distance);
      const weight = Math.min(left, right);
      totals[scale * span.start + index] += weight;
      return weight;
    }),
  );
  return all.map((weights, tile) =>
    weights.map((weight, i) => weight / totals[scale * spans[tile].start + i]),
  );
}

/**
 * The picture that enlarged tiles make. Sums are kept for one row of tiles only; the rest is bytes, a quarter of the memory.
 * Must be given all tiles of a row, in any order, before `finishRow` of that row; and rows from top to bottom.
 */
export class TileBlender {
  readonly picture: RgbaPixels;
  readonly #grid: TileGrid;
  readonly #scale: number;
  readonly #columnWeights: readonly Float32Array[];
  readonly #rowWeights: readonly Float32Array[];
  /** [height of a tile, width of the picture, 3] from the top of the current row of tiles. */
  readonly #band: Float32Array;

  constructor(grid: TileGrid, scale: number, tiling: Tiling) {
    const end = (spans: readonly Span[]): number => {
      const last = spans[spans.length - 1];
      return scale * (last.start + last.extent);
    };
    const width = end(grid.columns);
    const height = end(grid.rows);
    this.picture = { width, height, pixels: new Uint8ClampedArray(4 * width * height) };
    this.#grid = grid;
    this.#scale = scale;
    this.#columnWeights = featherWeights(grid.columns, scale, tiling);
    this.#rowWeights = featherWeights(grid.rows, scale, tiling);
    this.#band = new Float32Array(CHANNELS * width * scale * grid.rows[0].extent);
  }

  add(row: number, column: number, tile: PlanarPixels): void {
    const scale = this.#scale;
    const { start, extent } = this.#grid.columns[column];
    if (tile.width !== scale * extent || tile.height !== scale * this.#grid.rows[row].extent) {
      throw new RangeError(
        `expected a tile of ${scale * extent}x${scale * this.#grid.rows[row].extent}, got ${tile.width}x${tile.height}`,
      );
    }
    const across = this.#columnWeights[column];
    const down = this.#rowWeights[row];
    const area = tile.width * tile.height;
    for (let y = 0; y < tile.height; y++) {
      let to = CHANNELS * (y * this.picture.width + scale * start);
      for (let x = 0; x < tile.width; x++, to += CHANNELS) {
        const weight = down[y] * across[x];
        const from = y * tile.width + x;
        this.#band[to] += weight * tile.data[from];
        this.#band[to + 1] += weight * tile.data[area + from];
        this.#band[to + 2] += weight * tile.data[2 * area + from];
      }
    }
  }

  /** Writes what no later row of tiles reaches. */
  finishRow(row: number): void {
    const { rows } = this.#grid;
    const { width, pixels } = this.picture;
    const top = this.#scale * rows[row].start;
    const isLast = row === rows.length - 1;
    const finished = this.#scale * (isLast ? rows[row].extent : rows[row + 1].start - rows[row].start);
    const band = this.#band;
    const count = finished * width;
    for (let i = 0, to = 4 * top * width; i < count; i++, to += 4) {
      // A clamped array clamps and rounds on assignment.
      pixels[to] = 255 * band[CHANNELS * i];
      pixels[to + 1] = 255 * band[CHANNELS * i + 1];
      pixels[to + 2] = 255 * band[CHANNELS * i + 2];
      pixels[to + 3] = 255;
    }
    band.copyWithin(0, CHANNELS * count);
    band.fill(0, band.length - CHANNELS * count);
  }
}
