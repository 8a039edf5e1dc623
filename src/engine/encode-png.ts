// PNG encoding by the browser's own canvas. Adds no metadata.

import type { RgbaPixels } from "../imaging/pixels.ts";
import { readAlpha } from "../imaging/transparency.ts";

/** Without an alpha channel where nothing is transparent. */
export async function encodePng(picture: RgbaPixels): Promise<Uint8Array<ArrayBuffer>> {
  const { width, height, pixels } = picture;
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d", { alpha: readAlpha(picture) !== undefined });
  if (!context) throw new Error("The browser gave no canvas to encode the picture with.");
  context.putImageData(new ImageData(pixels, width, height), 0, 0);
  return new Uint8Array(await (await canvas.convertToBlob({ type: "image/png" })).arrayBuffer());
}
