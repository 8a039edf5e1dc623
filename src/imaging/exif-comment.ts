// The UserComment of EXIF data, where JPEG and WebP files carry infotext. Reads nothing else of EXIF and writes none.

import { AppError } from "../protocol/app-error.ts";

const EXIF_POINTER_TAG = 0x8769;
const USER_COMMENT_TAG = 0x9286;
const ENTRY_BYTES = 12;
const LONG_TYPE = 4;
const CHARACTER_CODE_BYTES = 8; // "UNICODE\0", "ASCII\0\0\0" or zeros before the text itself

function damaged(where: string, expected: string, got: string): AppError {
  return new AppError(
    "FileFormat",
    `The picture's EXIF data is damaged: ${where} should be ${expected}, got ${got}.`,
    {
      where,
      expected,
      got,
    },
  );
}

/** UTF-16 in either byte order. Writers ignore the order that the standard asks for, so the text has to tell. */
function decodeUtf16(bytes: Uint8Array): string {
  // Infotext is mostly ASCII, whose high byte is 0: it comes first in big-endian text.
  let score = 0;
  for (let i = 0; i + 1 < bytes.length; i += 2) score += Number(bytes[i] === 0) - Number(bytes[i + 1] === 0);
  return new TextDecoder(score > 0 ? "utf-16be" : "utf-16le").decode(bytes);
}

function decodeComment(bytes: Uint8Array): string {
  const code = String.fromCharCode(...bytes.subarray(0, CHARACTER_CODE_BYTES));
  const text = bytes.subarray(CHARACTER_CODE_BYTES);
  const decoded = code.startsWith("UNICODE") ? decodeUtf16(text) : new TextDecoder().decode(text);
  return decoded.replace(/\0+$/, "");
}

/**
 * The comment in a TIFF structure (what follows "Exif\0\0"), or undefined.
 * @throws AppError FileFormat when offsets or counts lead outside of it.
 */
export function readExifComment(tiff: Uint8Array): string | undefined {
  const view = new DataView(tiff.buffer, tiff.byteOffset, tiff.byteLength);
  const order = tiff.length < 8 ? 0 : view.getUint16(0);
  const little = order === 0x4949;
  if (!little && order !== 0x4d4d) throw damaged("byte 0", "the byte order II or MM", order.toString(16));

  const within = (start: number, length: number, where: string): void => {
    if (start + length > tiff.length)
      throw damaged(where, `within ${tiff.length} bytes`, `${start} + ${length}`);
  };

  /** Offset of the entry with this tag in the directory at `directory`. */
  const findEntry = (directory: number, tag: number): number | undefined => {
    within(directory, 2, "a directory");
    const count = view.getUint16(directory, little);
    within(directory + 2, count * ENTRY_BYTES, "a directory");
    for (let i = 0; i < count; i++) {
      const entry = directory + 2 + i * ENTRY_BYTES;
      if (view.getUint16(entry, little) === tag) return entry;
    }
    return undefined;
  };

  const pointer = findEntry(view.getUint32(4, little), EXIF_POINTER_TAG);
  if (pointer === undefined || view.getUint16(pointer + 2, little) !== LONG_TYPE) return undefined;
  const comment = findEntry(view.getUint32(pointer + 8, little), USER_COMMENT_TAG);
  if (comment === undefined) return undefined;
  const length = view.getUint32(comment + 4, little);
  // Up to four bytes would stand in the entry itself, too few for a character code.
  if (length <= CHARACTER_CODE_BYTES) return undefined;
  const start = view.getUint32(comment + 8, little);
  within(start, length, "the comment");
  return decodeComment(tiff.subarray(start, start + length));
}
