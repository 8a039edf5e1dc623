// Picture files as pixels, by the browser's own decoders. Turned upright as their metadata says; knows no other metadata.

import type { RgbaPixels } from "../imaging/pixels.ts";
import { AppError } from "../protocol/app-error.ts";

/** @throws AppError FileFormat when the browser cannot read the file as a picture, OutOfMemory when its pixels do not fit. */
export async function decodePicture(file: Blob, name: string): Promise<RgbaPixels> {
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(file);
  } catch (cause) {
    throw new AppError(
      "FileFormat",
      `${name} could not be read as a picture. Choose a PNG, JPEG, WebP or another format that this browser shows.`,
      { where: name, expected: "a picture", got: file.type || "an unknown type" },
      { cause },
    );
  }
  const { width, height } = bitmap;
  try {
    const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
    if (!context) throw new RangeError("no canvas");
    context.drawImage(bitmap, 0, 0);
    const { data } = context.getImageData(0, 0, width, height);
    return { width, height, pixels: data };
  } catch (cause) {
    throw new AppError(
      "OutOfMemory",
      `${name} has ${width}x${height} pixels, more than this browser can unpack. Make it smaller first.`,
      { where: name, expected: "a canvas of its size", got: `${width}x${height}` },
      { cause },
    );
  } finally {
    bitmap.close();
  }
}
