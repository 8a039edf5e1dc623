// Upscaling tile by tile: seams, passes, targets, transparency, cancelling and memory. With arithmetic in place of networks, and
// with tiny networks on the WASM runtime.

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { RgbaPixels } from "../../../src/imaging/pixels.ts";
import { dialects } from "../../../src/models/dialects.ts";
import { buildUpscaler } from "../../../src/models/upscalers/build-upscaler.ts";
import { detectUpscaler } from "../../../src/models/upscalers/detect-upscaler.ts";
import type { PixelTensor } from "../../../src/pipeline/components.ts";
import {
  countPasses,
  defaultTiling,
  MAX_UPSCALED_SIDE,
  tilingWithin,
  upscale,
  type UpscaleOptions,
  type Upscaler,
  type UpscaleProgress,
} from "../../../src/pipeline/upscale.ts";
import { AppError } from "../../../src/protocol/app-error.ts";
import { memorySource } from "../../../src/weights/memory-source.ts";
import { openCheckpoint } from "../../../src/weights/open-checkpoint.ts";
import { createGraphSession, type GraphSession } from "../../support/run-graph.ts";

/** A picture without flat parts or repetition. */
function picture(
  width: number,
  height: number,
  alpha: (x: number, y: number) => number = () => 255,
): RgbaPixels {
  const pixels = new Uint8ClampedArray(4 * width * height);
  let state = 1;
  for (let i = 0; i < width * height; i++) {
    for (let channel = 0; channel < 3; channel++) {
      state = (1103515245 * state + 12345) % 2 ** 31;
      pixels[4 * i + channel] = state >> 23;
    }
    pixels[4 * i + 3] = alpha(i % width, Math.floor(i / width));
  }
  return { width, height, pixels };
}

/** The mean of the 3x3 pixels around, zeros beyond the border, each `scale` times: what a network sees, in small. */
function blurring(scale: number): Upscaler & { readonly sizes: string[] } {
  const sizes: string[] = [];
  const run = (tile: PixelTensor): Promise<PixelTensor> => {
    sizes.push(`${tile.width}x${tile.height}`);
    const [width, height] = [scale * tile.width, scale * tile.height];
    const data = new Float32Array(3 * width * height);
    for (let channel = 0, i = 0; channel < 3; channel++) {
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++) {
          data[i++] = meanAround(tile, channel, Math.floor(x / scale), Math.floor(y / scale));
        }
      }
    }
    return Promise.resolve({ width, height, data });
  };
  return { scale, sizes, run };
}

function meanAround({ width, height, data }: PixelTensor, channel: number, x: number, y: number): number {
  let sum = 0;
  for (let row = Math.max(0, y - 1); row <= Math.min(height - 1, y + 1); row++) {
    for (let column = Math.max(0, x - 1); column <= Math.min(width - 1, x + 1); column++) {
      sum += data[(channel * height + row) * width + column];
    }
  }
  return sum / 9;
}

const options = (width: number, height: number, others: Partial<UpscaleOptions> = {}): UpscaleOptions => ({
  target: { width, height },
  signal: new AbortController().signal,
  onTile: () => {},
  ...others,
});

function largestDifference(a: RgbaPixels, b: RgbaPixels): number {
  expect([a.width, a.height]).toEqual([b.width, b.height]);
  let largest = 0;
  for (let i = 0; i < a.pixels.length; i++) largest = Math.max(largest, Math.abs(a.pixels[i] - b.pixels[i]));
  return largest;
}

const outOfMemory = new AppError("OutOfMemory", "No room.");

describe("tiles", () => {
  test.each([
    { width: 70, height: 53, tiling: { size: 24, overlap: 4, margin: 1 } },
    { width: 25, height: 24, tiling: { size: 24, overlap: 2, margin: 1 } },
    { width: 49, height: 7, tiling: { size: 16, overlap: 8, margin: 4 } },
  ])(
    "$width x $height in tiles of $tiling.size is the whole, seams included",
    async ({ width, height, tiling }) => {
      const source = picture(width, height);
      const upscaler = blurring(2);
      const whole = await upscale(upscaler, source, options(2 * width, 2 * height));
      expect(upscaler.sizes).toHaveLength(1);
      const tiled = await upscale(upscaler, source, options(2 * width, 2 * height, { tiling }));
      expect(upscaler.sizes.length).toBeGreaterThan(2);
      expect(largestDifference(tiled, whole)).toBe(0);
    },
  );

  test("without a margin the same shows seams: what the margin is for", async () => {
    const source = picture(70, 53);
    const whole = await upscale(blurring(1), source, options(70, 53));
    const tiling = { size: 24, overlap: 4, margin: 0 };
    const tiled = await upscale(blurring(1), source, options(70, 53, { tiling }));
    expect(largestDifference(tiled, whole)).toBeGreaterThan(3);
  });

  test("all tiles are of one size", async () => {
    const upscaler = blurring(1);
    await upscale(upscaler, picture(200, 380), options(200, 380));
    expect(new Set(upscaler.sizes)).toEqual(new Set(["192x192"]));
    expect(upscaler.sizes).toHaveLength(2 * 3);
  });

  test("progress counts the tiles of each pass", async () => {
    const seen: UpscaleProgress[] = [];
    const tiling = { size: 16, overlap: 4, margin: 1 };
    await upscale(
      blurring(2),
      picture(20, 10),
      options(80, 40, { tiling, onTile: (progress) => seen.push(progress) }),
    );
    expect(seen.map(({ pass, tile }) => `${pass}: ${tile}`)).toEqual([
      ...["1: 1", "1: 2"],
      ...["2: 1", "2: 2", "2: 3", "2: 4", "2: 5", "2: 6"],
    ]);
    expect(seen.map(({ passes }) => passes)).toEqual(new Array(8).fill(2));
    expect(seen.map(({ tiles }) => tiles)).toEqual([2, 2, 6, 6, 6, 6, 6, 6]);
  });
});

describe("target", () => {
  test.each([
    { scale: 4, target: [400, 400], passes: 1 },
    { scale: 4, target: [401, 300], passes: 2 },
    { scale: 4, target: [50, 50], passes: 1 },
    { scale: 2, target: [300, 100], passes: 2 },
    { scale: 2, target: [1600, 1600], passes: 3 },
    { scale: 1, target: [1600, 1600], passes: 1 },
  ])(
    "x$scale reaches $target from 100x100 in $passes passes",
    ({ scale, target: [width, height], passes }) => {
      expect(countPasses({ width: 100, height: 100 }, { width, height }, scale)).toBe(passes);
    },
  );

  test.each([
    [30, 20],
    [41, 23],
    [7, 5],
    [100, 90],
  ])("the picture comes out as %i x %i", async (width, height) => {
    const result = await upscale(blurring(2), picture(10, 9), options(width, height));
    expect(result).toMatchObject({ width, height });
    expect(result.pixels).toHaveLength(4 * width * height);
  });

  test.each([
    [0, 10],
    [10, 1.5],
    [NaN, 10],
    [10, MAX_UPSCALED_SIDE + 1],
  ])("%d x %d is refused", async (width, height) => {
    await expect(upscale(blurring(2), picture(8, 8), options(width, height))).rejects.toMatchObject({
      name: "InvalidRequest",
      details: { where: Number.isInteger(width) && width > 0 ? "height" : "width" },
    });
  });

  test("more pixels than a browser holds are refused before anything is computed", async () => {
    const upscaler = { ...blurring(1), scale: 8 };
    const source = { width: 3000, height: 2000, pixels: new Uint8ClampedArray(4) };
    await expect(upscale(upscaler, source, options(6000, 4000))).rejects.toMatchObject({
      name: "OutOfMemory",
      message: expect.stringContaining("384 megapixels of a picture of 3000x2000") as string,
    });
    expect(upscaler.sizes).toEqual([]);
  });
});

describe("transparency", () => {
  const leftHalf = (x: number): number => (x < 5 ? 255 : 0);

  test("is resampled without ghosts of its edges", async () => {
    const { pixels } = await upscale(blurring(2), picture(10, 8, leftHalf), options(20, 16));
    const alphas = Array.from({ length: 20 }, (_, x) => pixels[4 * (20 * 7 + x) + 3]);
    expect(alphas.slice(0, 8)).toEqual(new Array(8).fill(255));
    expect(alphas.slice(12)).toEqual(new Array(8).fill(0));
    expect(alphas[9] + alphas[10]).toBe(255);
    expect(alphas[9]).toBeGreaterThan(alphas[10]);
  });

  test("leaves no fringe of the colour that it hid", async () => {
    const white = (alpha: (x: number) => number): RgbaPixels => {
      const source = picture(10, 8, alpha);
      for (let i = 0; i < 80; i++) source.pixels.fill(source.pixels[4 * i + 3], 4 * i, 4 * i + 3);
      return source;
    };
    const colours = ({ pixels }: RgbaPixels): Uint8ClampedArray => pixels.filter((_, i) => i % 4 < 3);
    const result = await upscale(blurring(2), white(leftHalf), options(20, 16));
    const opaque = await upscale(
      blurring(2),
      white(() => 255),
      options(20, 16),
    );
    expect(colours(result)).toEqual(colours(opaque));
  });

  test("a picture that has none gets none", async () => {
    const { pixels } = await upscale(blurring(2), picture(5, 5), options(8, 8));
    expect(pixels.filter((_, i) => i % 4 === 3).every((alpha) => alpha === 255)).toBe(true);
  });
});

describe("cancelling", () => {
  test("ends before the next tile with the signal's reason", async () => {
    const controller = new AbortController();
    const reason = new AppError("Interrupted", "Stopped.");
    const upscaler = blurring(2);
    const tiling = { size: 24, overlap: 4, margin: 1 };
    let tiles = 0;
    const onTile = ({ tile }: UpscaleProgress): void => {
      tiles = tile;
      if (tile === 3) controller.abort(reason);
    };
    const run = upscale(
      upscaler,
      picture(90, 90),
      options(180, 180, { tiling, signal: controller.signal, onTile }),
    );
    await expect(run).rejects.toBe(reason);
    expect(tiles).toBe(3);
    expect(upscaler.sizes).toHaveLength(3);
  });

  test("before the first tile nothing is computed", async () => {
    const upscaler = blurring(2);
    const run = upscale(upscaler, picture(8, 8), options(16, 16, { signal: AbortSignal.abort() }));
    await expect(run).rejects.toMatchObject({ name: "AbortError" });
    expect(upscaler.sizes).toEqual([]);
  });

  test("during the last tile no picture comes out", async () => {
    const controller = new AbortController();
    const inner = blurring(2);
    const run = (pixels: PixelTensor): Promise<PixelTensor> => {
      controller.abort();
      return inner.run(pixels);
    };
    const upscaling = upscale(
      { scale: 2, run },
      picture(8, 8),
      options(16, 16, { signal: controller.signal }),
    );
    await expect(upscaling).rejects.toMatchObject({ name: "AbortError" });
  });
});

describe("memory", () => {
  test.each([
    { limit: 2 ** 30, bytesPerPixel: 64 * 4 ** 2 * 4, size: 192 }, // ESRGAN x4 where the device takes a gigabyte
    { limit: 2 ** 27, bytesPerPixel: 64 * 4 ** 2 * 4, size: 176 }, // and at the least that WebGPU promises
    { limit: 2 ** 27, bytesPerPixel: 64 * 8 ** 2 * 4, size: 88 },
    { limit: 2 ** 20, bytesPerPixel: 64 * 8 ** 2 * 4, size: 64 },
  ])(
    "tiles of $size where $bytesPerPixel bytes a pixel may be $limit at most",
    ({ limit, bytesPerPixel, size }) => {
      expect(tilingWithin(limit, bytesPerPixel)).toEqual({ ...defaultTiling, size });
    },
  );

  /** Has room for tiles up to this many pixels. */
  function limited(
    scale: number,
    pixels: number,
  ): Upscaler & { readonly sizes: string[]; readonly tried: string[] } {
    const inner = blurring(scale);
    const tried: string[] = [];
    const run = (tile: PixelTensor): Promise<PixelTensor> => {
      tried.push(`${tile.width}x${tile.height}`);
      return tile.width * tile.height > pixels ? Promise.reject(outOfMemory) : inner.run(tile);
    };
    return { scale, sizes: inner.sizes, tried, run };
  }

  test("tiles are halved until they fit, and the picture is the same", async () => {
    const source = picture(210, 200);
    const tiling = { ...defaultTiling, margin: 1 };
    const whole = await upscale(blurring(1), source, options(210, 200, { tiling: { ...tiling, size: 512 } }));
    const upscaler = limited(1, 100 ** 2);
    const result = await upscale(upscaler, source, options(210, 200, { tiling }));
    expect(upscaler.tried[0]).toBe("192x192");
    expect(new Set(upscaler.tried.slice(1))).toEqual(new Set(["96x96"]));
    expect(largestDifference(result, whole)).toBe(0);
  });

  test("the next pass begins with tiles that fitted", async () => {
    const upscaler = limited(2, 100 ** 2);
    await upscale(upscaler, picture(110, 100), options(440, 400));
    // A tile as large as the picture did not fit, halves did; then again halves, never the picture.
    expect(upscaler.tried[0]).toBe("110x100");
    expect(new Set(upscaler.tried.slice(1))).toEqual(new Set(["64x64"]));
  });

  test("a small first pass does not make the second one's tiles small", async () => {
    const upscaler = blurring(4);
    await upscale(upscaler, picture(30, 30), options(480, 480));
    expect(upscaler.sizes).toEqual(["30x30", "120x120"]);
  });

  test("when the smallest tile does not fit, that is the error", async () => {
    const upscaler = limited(2, 0);
    await expect(upscale(upscaler, picture(300, 300), options(600, 600))).rejects.toBe(outOfMemory);
    expect(upscaler.tried).toEqual(["192x192", "96x96", "64x64"]);
  });

  test("a picture smaller than the smallest tile is tried once", async () => {
    const upscaler = limited(2, 0);
    await expect(upscale(upscaler, picture(30, 20), options(60, 40))).rejects.toBe(outOfMemory);
    expect(upscaler.tried).toEqual(["30x20"]);
  });

  test("other errors are not tried again", async () => {
    const lost = new AppError("DeviceLost", "Gone.");
    let runs = 0;
    const run = (): Promise<PixelTensor> => {
      runs++;
      return Promise.reject(lost);
    };
    await expect(upscale({ scale: 2, run }, picture(8, 8), options(16, 16))).rejects.toBe(lost);
    expect(runs).toBe(1);
  });
});

test("a network that answers with no numbers is a named failure", async () => {
  const run = ({ width, height, data }: PixelTensor): Promise<PixelTensor> =>
    Promise.resolve({ width, height, data: data.map((value, i) => (i === 70 ? NaN : value)) });
  await expect(upscale({ scale: 1, run }, picture(8, 8), options(8, 8))).rejects.toMatchObject({
    name: "NumericFailure",
    details: { where: "upscaled picture" },
  });
});

// The compact network's five convolutions see five pixels far; ESRGAN's see over thirty, but faintly beyond a few.
test.each([
  { file: "compact-x2.safetensors", margin: 6, tolerance: 0 },
  { file: "esrgan-x2.safetensors", margin: 12, tolerance: 1 },
  { file: "real-esrgan-x2.safetensors", margin: 16, tolerance: 1 },
])("$file in tiles is the whole picture", async ({ file, margin, tolerance }) => {
  const bytes = readFileSync(new URL(`../../fixtures/upscalers/${file}`, import.meta.url));
  const { checkpoint, config } = detectUpscaler(await openCheckpoint(memorySource(bytes, file)));
  const sessions = new Map<string, Promise<GraphSession>>();
  let tiles = 0;
  const upscaler: Upscaler = {
    scale: config.scale,
    async run({ width, height, data }) {
      tiles++;
      const size = `${width}x${height}`;
      const options = { dialect: dialects["wasm-float32"], height, width };
      if (!sessions.has(size))
        sessions.set(size, createGraphSession(buildUpscaler(checkpoint, config, options)));
      const { upscaled } = await (await sessions.get(size)!).run({ pixels: data });
      return { width: upscaled.shape[3], height: upscaled.shape[2], data: upscaled.data };
    },
  };
  const source = picture(60, 52);
  const whole = await upscale(upscaler, source, options(120, 104));
  expect(tiles).toBe(1);
  const tiling = { size: 2 * margin + 16, overlap: 2 * margin + 4, margin };
  const tiled = await upscale(upscaler, source, options(120, 104, { tiling }));
  expect(tiles).toBeGreaterThan(4);
  expect(sessions.size).toBe(2);
  expect(new Set(whole.pixels).size).toBeGreaterThan(100); // neither black nor clamped
  expect(largestDifference(tiled, whole)).toBeLessThanOrEqual(tolerance);
  for (const session of sessions.values()) await (await session).release();
});
