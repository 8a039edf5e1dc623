// What an upscaling request asks for, checked, and the size that it means for a given picture. Enlarges nothing.

import type { RgbaPixels } from "../imaging/pixels.ts";
import type { Size } from "../imaging/resize.ts";
import { AppError } from "../protocol/app-error.ts";
import { MAX_UPSCALE_FACTOR, type UpscaleRequest, type UpscaleTarget } from "../protocol/upscale-request.ts";
import { MAX_UPSCALED_SIDE } from "./upscale.ts";

const FILTERS = ["lanczos", "nearest"];

function invalid(where: string, expected: string, got: unknown): AppError {
  const message = `The ${where} should be ${expected}, got ${String(got)}.`;
  return new AppError("InvalidRequest", message, { where, expected, got: String(got) });
}

/** @throws AppError InvalidRequest that names the field. */
export function validateUpscaleRequest({ upscaler, target, file, maxTileSize }: UpscaleRequest): void {
  if (upscaler.kind === "model" ? upscaler.modelId === "" : !FILTERS.includes(upscaler.filter)) {
    throw invalid("upscaler", "a model of the library, Lanczos or Nearest", JSON.stringify(upscaler));
  }
  if (file.size === 0) throw invalid("picture", "a picture file", "an empty file");
  if (maxTileSize !== undefined && !(Number.isInteger(maxTileSize) && maxTileSize >= 1)) {
    throw invalid("largest tile", "a whole number of pixels", maxTileSize);
  }
  if (target.kind === "factor") {
    const { factor } = target;
    if (factor >= 1 && factor <= MAX_UPSCALE_FACTOR) return; // false for NaN
    throw invalid("scale", `a number from 1 to ${MAX_UPSCALE_FACTOR}`, factor);
  }
  for (const [where, side] of Object.entries({ width: target.width, height: target.height })) {
    if (Number.isInteger(side) && side >= 1 && side <= MAX_UPSCALED_SIDE) continue;
    throw invalid(`target's ${where}`, `a whole number from 1 to ${MAX_UPSCALED_SIDE}`, side);
  }
}

/** The size that the picture is enlarged to, and what of it is kept. */
export function resolveTarget(
  picture: Size,
  target: UpscaleTarget,
): { readonly enlarged: Size; readonly kept: Size } {
  const factor =
    target.kind === "factor"
      ? target.factor
      : Math.max(target.width / picture.width, target.height / picture.height);
  const enlarged = {
    width: Math.max(1, Math.round(picture.width * factor)),
    height: Math.max(1, Math.round(picture.height * factor)),
  };
  if (target.kind === "factor" || !target.crop) return { enlarged, kept: enlarged };
  return { enlarged, kept: { width: target.width, height: target.height } };
}

/** The middle of a picture; the picture itself where nothing is to be cut. */
export function cropToMiddle(picture: RgbaPixels, { width, height }: Size): RgbaPixels {
  if (picture.width === width && picture.height === height) return picture;
  const left = Math.floor((picture.width - width) / 2);
  const top = Math.floor((picture.height - height) / 2);
  const pixels = new Uint8ClampedArray(4 * width * height);
  for (let y = 0; y < height; y++) {
    const from = 4 * ((top + y) * picture.width + left);
    pixels.set(picture.pixels.subarray(from, from + 4 * width), 4 * y * width);
  }
  return { width, height, pixels };
}
