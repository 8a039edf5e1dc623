// Enlarges a picture with an upscaler, tile by tile and pass by pass, to any size. Sees the upscaler as an interface; loads nothing.

import type { RgbaPixels } from "../imaging/pixels.ts";
import { resizeRgba, resizeSamples, type Size } from "../imaging/resize.ts";
import { fillTransparent, readAlpha } from "../imaging/transparency.ts";
import { planTiles, readTile, TileBlender, type TileGrid, type Tiling } from "../imaging/tiles.ts";
import { AppError, isAppError } from "../protocol/app-error.ts";
import type { PixelTensor } from "./components.ts";
import { assertFinite } from "./denoise-latents.ts";

export interface Upscaler {
  /** Output pixels per input pixel along one side. */
  readonly scale: number;
  /** float32 [3, height, width] in 0..1, not -1..1 → the same, `scale` times as large. */
  run(pixels: PixelTensor): Promise<PixelTensor>;
}

/**
 * A1111 cuts tiles of 192 that overlap by 8, ComfyUI tiles of 512 that overlap by 32. Here: 192, because at four times that size
 * ESRGAN's 64 channels take 150 MB, and three such tensors are alive at a time. The overlap's middle 8 pixels are blended, as
 * A1111 does; the outer 4 on both sides are thrown away, because a tile's border is where a network pads with zeros.
 */
export const defaultTiling: Tiling = { size: 192, overlap: 16, margin: 4 };

/** Halving goes no further: below this most of the work is done twice, and what does not fit then is not the tile. */
export const MIN_TILE_SIZE = 64;
/** As in A1111: a model that did not get there in three passes would not in four. */
export const MAX_PASSES = 3;
/** What browsers can hold in a canvas. */
export const MAX_UPSCALED_SIDE = 16_384;
/** As RGBA one gigabyte, about the largest buffer that a browser hands out reliably. */
const MAX_PASS_PIXELS = 2 ** 28;

/** Tiles of the default size, or as much smaller as keeps the network's largest tensor below the device's limit on one. */
export function tilingWithin(maxTensorBytes: number, bytesPerPixel: number): Tiling {
  const side = Math.floor(Math.sqrt(maxTensorBytes / bytesPerPixel));
  // A multiple of 8, which networks that gather squares of pixels need no padding for.
  const size = Math.min(defaultTiling.size, Math.max(MIN_TILE_SIZE, side - (side % 8)));
  return { ...defaultTiling, size };
}

export interface UpscaleProgress {
  /** From 1. */
  readonly pass: number;
  readonly passes: number;
  /** Done so far in this pass; begins anew when tiles have to be made smaller. */
  readonly tile: number;
  readonly tiles: number;
  /** Pixels through the upscaler so far and still to come, over all passes: what time is spent on. */
  readonly pixelsDone: number;
  readonly pixelsLeft: number;
  /** Side of a tile. */
  readonly tileSize: number;
}

export interface UpscaleOptions {
  readonly target: Size;
  readonly tiling?: Tiling;
  /** Tiles are not halved below this where memory runs out. */
  readonly smallestTile?: number;
  readonly signal: AbortSignal;
  /** Called after each tile. */
  onTile(progress: UpscaleProgress): void;
}

/**
 * Passes until both sides reach the target, at least one, then Lanczos to exactly the target. Colours go through the
 * upscaler; transparency, which it knows nothing of, is resampled from the picture.
 * @throws AppError InvalidRequest, OutOfMemory where even small tiles do not fit, NumericFailure; the signal's reason when it aborts.
 */
export async function upscale(
  upscaler: Upscaler,
  picture: RgbaPixels,
  { target, tiling = defaultTiling, smallestTile = MIN_TILE_SIZE, signal, onTile }: UpscaleOptions,
): Promise<RgbaPixels> {
  checkTarget(target);
  signal.throwIfAborted();
  const passes = countPasses(picture, target, upscaler.scale);
  checkLargest(picture, upscaler.scale ** passes);
  const alpha = readAlpha(picture);
  let enlarged = alpha ? fillTransparent(picture, alpha) : picture;
  let tileSize = tiling.size;
  let pixelsBefore = 0;
  for (let pass = 1; pass <= passes; pass++) {
    const side = upscaler.scale ** (pass - 1);
    const size = { width: picture.width * side, height: picture.height * side };
    const done = await runPass(upscaler, enlarged, {
      tiling: { ...tiling, size: tileSize },
      smallestTile,
      signal,
      onTile: (tile, tiles, tileSize) => {
        const used = { ...tiling, size: tileSize };
        const whole = pixelsOfPasses(size, upscaler.scale, passes - pass + 1, used);
        const inPass = (pixelsOfPass(size, used) * tile) / tiles;
        const pixelsDone = pixelsBefore + inPass;
        onTile({ pass, passes, tile, tiles, pixelsDone, pixelsLeft: whole - inPass, tileSize });
      },
    });
    ({ enlarged, tileSize } = done);
    pixelsBefore += pixelsOfPass(size, { ...tiling, size: tileSize });
  }
  signal.throwIfAborted();
  const result = resizeRgba(enlarged, target, "lanczos");
  if (alpha) setAlpha(result, alpha, picture, "bicubic");
  return result;
}

/** The same without an upscaler: "area" repeats pixels when it enlarges. */
export function resample(picture: RgbaPixels, target: Size, filter: "lanczos" | "area"): RgbaPixels {
  checkTarget(target);
  const alpha = readAlpha(picture);
  if (!alpha) return resizeRgba(picture, target, filter);
  const result = resizeRgba(fillTransparent(picture, alpha), target, filter);
  setAlpha(result, alpha, picture, filter === "area" ? "area" : "bicubic");
  return result;
}

/** How often an upscaler runs over a picture to reach a target. */
export function countPasses(picture: Size, target: Size, scale: number): number {
  const factor = Math.max(target.width / picture.width, target.height / picture.height);
  if (scale === 1) return 1;
  let passes = 1;
  while (passes < MAX_PASSES && scale ** passes < factor) passes++;
  return passes;
}

/** Of one pass over a picture, overlaps counted as often as they are computed. */
function pixelsOfPass(picture: Size, tiling: Tiling): number {
  const { rows, columns } = planTiles(picture, tiling);
  return rows.length * rows[0].extent * columns.length * columns[0].extent;
}

/** Of a pass over a picture and the passes over what it makes. */
function pixelsOfPasses({ width, height }: Size, scale: number, passes: number, tiling: Tiling): number {
  return Array.from({ length: passes }, (_, index) => scale ** index)
    .map((side) => pixelsOfPass({ width: width * side, height: height * side }, tiling))
    .reduce((sum, pixels) => sum + pixels, 0);
}

interface PassOptions {
  readonly tiling: Tiling;
  readonly smallestTile: number;
  readonly signal: AbortSignal;
  /** `tileSize`: less than the tiling's where memory ran out. */
  onTile(tile: number, tiles: number, tileSize: number): void;
}

interface TilesOptions {
  readonly tiling: Tiling;
  readonly signal: AbortSignal;
  onTile(tile: number, tiles: number): void;
}

interface PassResult {
  readonly enlarged: RgbaPixels;
  /** The tiling's, or less where memory ran out: what the next pass begins with. */
  readonly tileSize: number;
}

/** The whole picture once through the upscaler, with smaller tiles as long as memory runs out. */
async function runPass(upscaler: Upscaler, picture: RgbaPixels, options: PassOptions): Promise<PassResult> {
  const { signal } = options;
  const floor = Math.max(options.smallestTile, 2 * options.tiling.overlap);
  let tileSize = options.tiling.size;
  for (;;) {
    // Halving what is larger than the picture would change nothing.
    const size = Math.min(tileSize, Math.max(picture.width, picture.height, floor));
    try {
      const tiling = { ...options.tiling, size };
      const onTile = (tile: number, tiles: number): void => options.onTile(tile, tiles, tileSize);
      return { enlarged: await runTiles(upscaler, picture, { tiling, signal, onTile }), tileSize };
    } catch (error) {
      if (!isAppError(error, "OutOfMemory") || size <= floor) throw error;
      tileSize = Math.max(floor, Math.floor(size / 2));
    }
  }
}

async function runTiles(
  upscaler: Upscaler,
  picture: RgbaPixels,
  { tiling, signal, onTile }: TilesOptions,
): Promise<RgbaPixels> {
  const grid = planTiles(picture, tiling);
  const blender = createBlender(grid, upscaler.scale, tiling);
  const tiles = grid.rows.length * grid.columns.length;
  for (const [row, rowSpan] of grid.rows.entries()) {
    for (const [column, columnSpan] of grid.columns.entries()) {
      signal.throwIfAborted();
      const tile = await upscaler.run(readTile(picture, columnSpan, rowSpan));
      signal.throwIfAborted();
      assertFinite(tile.data, "upscaled picture");
      blender.add(row, column, tile);
      onTile(row * grid.columns.length + column + 1, tiles);
    }
    blender.finishRow(row);
  }
  return blender.picture;
}

/** The only large allocation here; typed arrays say RangeError when there is no room. */
function createBlender(grid: TileGrid, scale: number, tiling: Tiling): TileBlender {
  try {
    return new TileBlender(grid, scale, tiling);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new AppError(
      "OutOfMemory",
      "The browser has no memory left for the upscaled picture.",
      { where: "upscaled picture", expected: "room for its pixels", got: error.message },
      { cause: error },
    );
  }
}

function checkTarget({ width, height }: Size): void {
  for (const [where, side] of Object.entries({ width, height })) {
    if (Number.isInteger(side) && side >= 1 && side <= MAX_UPSCALED_SIDE) continue;
    const expected = `a whole number from 1 to ${MAX_UPSCALED_SIDE}`;
    const message = `The upscaled picture's ${where} should be ${expected}, got ${side}.`;
    throw new AppError("InvalidRequest", message, { where, expected, got: String(side) });
  }
}

/** What the last pass makes, before it is brought to the target's size. */
function checkLargest({ width, height }: Size, factor: number): void {
  const pixels = width * height * factor ** 2;
  if (pixels <= MAX_PASS_PIXELS) return;
  const megapixels = (count: number): string => `${Math.round(count / 1e6)} megapixels`;
  throw new AppError(
    "OutOfMemory",
    `This upscaler would make ${megapixels(pixels)} of a picture of ${width}x${height}, more than the ` +
      `${megapixels(MAX_PASS_PIXELS)} that a browser holds. Use one with a smaller scale.`,
    { where: "upscaled picture", expected: `at most ${MAX_PASS_PIXELS} pixels`, got: String(pixels) },
  );
}

/** Not by Lanczos: its second lobes would leave a ghost of every edge, where this filter's only overshoot and are clamped. */
function setAlpha(
  result: RgbaPixels,
  alpha: Uint8ClampedArray<ArrayBuffer>,
  { width, height }: Size,
  filter: "bicubic" | "area",
): void {
  const resized = resizeSamples({ data: alpha, channels: 1, width, height }, result, filter);
  for (let i = 0; i < resized.length; i++) result.pixels[4 * i + 3] = resized[i];
}
