// PNG encoding by the browser's own canvas. Adds no metadata.

import type { RgbaPixels } from "../imaging/pixels.ts";

export async function encodePng({ width, height, pixels }: RgbaPixels): Promise<Uint8Array<ArrayBuffer>> {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d", { alpha: false });
  if (!context) throw new Error("The browser gave no canvas to encode the picture with.");
  context.putImageData(new ImageData(pixels, width, height), 0, 0);
  return new Uint8Array(await (await canvas.convertToBlob({ type: "image/png" })).arrayBuffer());
}
