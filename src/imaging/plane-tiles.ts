// Tiles of float planes, such as latents and the pixels networks see: cut out, and blended where neighbours overlap. Bytes and
// pictures are tiles.ts; knows no network.

import type { Size } from "./resize.ts";
import { featherWeights, type Span, type TileGrid, type Tiling } from "./tiles.ts";

/** [channels, height, width] */
export interface Planes extends Size {
  readonly channels: number;
  readonly data: Float32Array;
}

/** What a span of the grid covers where one of its units is `scale` values wide. */
export function cutPlanes(planes: Planes, column: Span, row: Span, scale = 1): Planes {
  const { channels, width, height, data } = planes;
  const tile = { width: scale * column.extent, height: scale * row.extent };
  const cut = new Float32Array(channels * tile.width * tile.height);
  for (let channel = 0; channel < channels; channel++) {
    for (let y = 0; y < tile.height; y++) {
      const from = (channel * height + scale * row.start + y) * width + scale * column.start;
      cut.set(data.subarray(from, from + tile.width), (channel * tile.height + y) * tile.width);
    }
  }
  return { channels, ...tile, data: cut };
}

/**
 * Sums weighted tiles into planes `scale` times as large as the grid. All tiles must be added once, in any order; at every
 * position their weights add up to 1.
 */
export class PlaneBlender {
  readonly planes: Planes;
  readonly #grid: TileGrid;
  readonly #scale: number;
  readonly #columnWeights: readonly Float32Array[];
  readonly #rowWeights: readonly Float32Array[];

  constructor(grid: TileGrid, channels: number, scale: number, tiling: Tiling) {
    const extent = (spans: readonly Span[]): number => {
      const last = spans[spans.length - 1];
      return scale * (last.start + last.extent);
    };
    const width = extent(grid.columns);
    const height = extent(grid.rows);
    this.planes = { channels, width, height, data: new Float32Array(channels * width * height) };
    this.#grid = grid;
    this.#scale = scale;
    this.#columnWeights = featherWeights(grid.columns, scale, tiling);
    this.#rowWeights = featherWeights(grid.rows, scale, tiling);
  }

  /** `tile`: [channels, height, width] of the grid's tile at that row and column, enlarged. */
  add(row: number, column: number, tile: Float32Array): void {
    const { channels, width, height, data } = this.planes;
    const across = this.#columnWeights[column];
    const down = this.#rowWeights[row];
    if (tile.length !== channels * across.length * down.length) {
      throw new RangeError(
        `expected a tile of ${channels}x${down.length}x${across.length}, got ${tile.length} values`,
      );
    }
    const left = this.#scale * this.#grid.columns[column].start;
    const top = this.#scale * this.#grid.rows[row].start;
    let from = 0;
    for (let channel = 0; channel < channels; channel++) {
      for (let y = 0; y < down.length; y++) {
        let to = (channel * height + top + y) * width + left;
        for (let x = 0; x < across.length; x++) data[to++] += down[y] * across[x] * tile[from++];
      }
    }
  }
}
