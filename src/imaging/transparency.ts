// Transparency apart from the colours it hides, for networks that know colours only. Blends nothing.

import type { RgbaPixels } from "./pixels.ts";

const OPAQUE = 255;

/** The alpha channel, [height, width]; undefined where the picture is opaque throughout. */
export function readAlpha({ width, height, pixels }: RgbaPixels): Uint8ClampedArray<ArrayBuffer> | undefined {
  const alpha = new Uint8ClampedArray(width * height);
  let isOpaque = true;
  for (let i = 0; i < alpha.length; i++) {
    alpha[i] = pixels[4 * i + 3];
    isOpaque &&= alpha[i] === OPAQUE;
  }
  return isOpaque ? undefined : alpha;
}

/**
 * An opaque picture in which pixels that do not show have the colour of the nearest that do. Canvases leave them black, which
 * a network or a filter would carry into visible edges as a dark fringe.
 */
export function fillTransparent(picture: RgbaPixels, alpha: Uint8ClampedArray): RgbaPixels {
  const { width, height } = picture;
  // 32-bit words: a colour is one of them.
  const colours = new Uint32Array(picture.pixels.slice().buffer);
  // In steps across and down, exact after a sweep in each direction. Infinite where nothing shows.
  const distances = Float32Array.from(alpha, (value) => (value > 0 ? 0 : Infinity));
  const adopt = (i: number, neighbour: number): void => {
    if (distances[neighbour] + 1 >= distances[i]) return;
    distances[i] = distances[neighbour] + 1;
    colours[i] = colours[neighbour];
  };
  for (let i = 0; i < colours.length; i++) {
    if (i % width > 0) adopt(i, i - 1);
    if (i >= width) adopt(i, i - width);
  }
  for (let i = colours.length - 1; i >= 0; i--) {
    if (i % width < width - 1) adopt(i, i + 1);
    if (i < (height - 1) * width) adopt(i, i + width);
  }
  const pixels = new Uint8ClampedArray(colours.buffer);
  for (let i = 3; i < pixels.length; i += 4) pixels[i] = OPAQUE;
  return { width, height, pixels };
}
