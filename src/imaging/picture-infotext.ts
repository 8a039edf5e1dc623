// Finds the infotext in a picture file, whatever its format: PNG, JPEG or WebP. Interprets none of it.

import { readExifComment } from "./exif-comment.ts";
import { isPng, readPngText } from "./png-text.ts";

const PNG_KEYWORD = "parameters";
const EXIF_HEADER = "Exif\0\0";

const ascii = (bytes: Uint8Array, start: number, length: number): string =>
  String.fromCharCode(...bytes.subarray(start, start + length));

const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Walks a JPEG's segments up to the picture data. A file that ends early has no comment, whatever else is wrong with it. */
function jpegExif(bytes: Uint8Array): Uint8Array | undefined {
  const view = viewOf(bytes);
  for (let at = 2; at + 4 <= bytes.length && bytes[at] === 0xff;) {
    const marker = bytes[at + 1];
    const length = view.getUint16(at + 2);
    if (marker === 0xda || length < 2) return undefined;
    if (marker === 0xe1 && ascii(bytes, at + 4, EXIF_HEADER.length) === EXIF_HEADER) {
      return bytes.subarray(at + 4 + EXIF_HEADER.length, at + 2 + length);
    }
    at += 2 + length;
  }
  return undefined;
}

/** Walks a WebP's RIFF chunks. */
function webpExif(bytes: Uint8Array): Uint8Array | undefined {
  const view = viewOf(bytes);
  for (let at = 12; at + 8 <= bytes.length;) {
    const length = view.getUint32(at + 4, true);
    if (ascii(bytes, at, 4) === "EXIF") {
      const data = bytes.subarray(at + 8, at + 8 + length);
      return ascii(data, 0, EXIF_HEADER.length) === EXIF_HEADER ? data.subarray(EXIF_HEADER.length) : data;
    }
    at += 8 + length + (length % 2);
  }
  return undefined;
}

const isJpeg = (bytes: Uint8Array): boolean => bytes[0] === 0xff && bytes[1] === 0xd8;
const isWebp = (bytes: Uint8Array): boolean => ascii(bytes, 0, 4) === "RIFF" && ascii(bytes, 8, 4) === "WEBP";

function exifOf(bytes: Uint8Array): Uint8Array | undefined {
  if (isJpeg(bytes)) return jpegExif(bytes);
  if (isWebp(bytes)) return webpExif(bytes);
  return undefined;
}

/**
 * The infotext of a picture file; undefined when the file carries none or is of another format.
 * @throws AppError FileFormat when the file is damaged where the text should be.
 */
export function readPictureInfotext(file: Uint8Array): string | undefined {
  if (isPng(file)) return readPngText(file).get(PNG_KEYWORD);
  const exif = exifOf(file);
  return exif && readExifComment(exif);
}
