// Text chunks of PNG files: writes tEXt and iTXt, reads both. Decodes no pixels, and leaves compressed text (zTXt) unread.

import { AppError } from "../protocol/app-error.ts";
import { crc32 } from "./crc32.ts";

const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
const MAX_CHUNK_BYTES = 0x7fffffff; // the format's own cap
const FRAME_BYTES = 12; // length, type and CRC around the data of a chunk
const MAX_KEYWORD_LENGTH = 79; // the format's own cap
const MAX_TEXT_BYTES = 16 * 1024 * 1024; // the largest node graphs embedded by other programs are a few megabytes
const LATIN1_SLICE = 8192; // arguments per call that every engine takes

interface Chunk {
  readonly type: string;
  /** Offset of the chunk in the file, and of the byte after it. */
  readonly start: number;
  readonly end: number;
  readonly data: Uint8Array;
  readonly checksum: number;
}

function formatError(where: string, expected: string, got: string): AppError {
  return new AppError("FileFormat", `This PNG file is damaged: ${where} should be ${expected}, got ${got}.`, {
    where,
    expected,
    got,
  });
}

// TextDecoder's "latin1" is Windows-1252; PNG means ISO 8859-1, whose bytes are code points.
function latin1(bytes: Uint8Array): string {
  let text = "";
  for (let start = 0; start < bytes.length; start += LATIN1_SLICE) {
    text += String.fromCharCode(...bytes.subarray(start, start + LATIN1_SLICE));
  }
  return text;
}

/** True for bytes that begin like a PNG file. */
export function isPng(bytes: Uint8Array): boolean {
  return bytes.length >= SIGNATURE.length && SIGNATURE.every((byte, i) => bytes[i] === byte);
}

/** Chunks in file order, up to and including IEND. */
function* chunksOf(png: Uint8Array): Generator<Chunk> {
  if (!isPng(png)) {
    throw formatError("the first 8 bytes", "the PNG signature", latin1(png.subarray(0, 8)) || "nothing");
  }
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength);
  for (let start = SIGNATURE.length; ;) {
    const left = png.length - start;
    if (left < FRAME_BYTES) throw formatError(`byte ${start}`, "another chunk", `${left} bytes`);
    const length = view.getUint32(start);
    const type = latin1(png.subarray(start + 4, start + 8));
    if (!/^[A-Za-z]{4}$/.test(type)) {
      throw formatError(`byte ${start + 4}`, "a chunk type of four letters", JSON.stringify(type));
    }
    if (length > MAX_CHUNK_BYTES || length > left - FRAME_BYTES) {
      throw formatError(`chunk ${type} at byte ${start}`, `at most ${left - FRAME_BYTES} bytes`, `${length}`);
    }
    const end = start + FRAME_BYTES + length;
    yield {
      type,
      start,
      end,
      data: png.subarray(start + 8, end - 4),
      checksum: view.getUint32(end - 4),
    };
    if (type === "IEND") return;
    start = end;
  }
}

function parseText({ type, data }: Chunk): readonly [keyword: string, text: string] | undefined {
  const keywordEnd = data.indexOf(0);
  if (keywordEnd < 1 || keywordEnd > MAX_KEYWORD_LENGTH) return undefined;
  const keyword = latin1(data.subarray(0, keywordEnd));
  if (type === "tEXt") return [keyword, latin1(data.subarray(keywordEnd + 1))];
  const compressed = data[keywordEnd + 1] === 1;
  const languageEnd = data.indexOf(0, keywordEnd + 3);
  const translationEnd = languageEnd < 0 ? -1 : data.indexOf(0, languageEnd + 1);
  if (compressed || translationEnd < 0) return undefined;
  return [keyword, new TextDecoder().decode(data.subarray(translationEnd + 1))];
}

/**
 * Uncompressed text by keyword; the first of several with one keyword counts.
 * @throws AppError FileFormat when the chunks do not fit the file or a text's checksum is wrong.
 */
export function readPngText(png: Uint8Array): Map<string, string> {
  const texts = new Map<string, string>();
  for (const chunk of chunksOf(png)) {
    if ((chunk.type !== "tEXt" && chunk.type !== "iTXt") || chunk.data.length > MAX_TEXT_BYTES) continue;
    const checksum = crc32(png.subarray(chunk.start + 4, chunk.end - 4));
    if (checksum !== chunk.checksum) {
      const where = `the checksum of chunk ${chunk.type} at byte ${chunk.start}`;
      throw formatError(where, checksum.toString(16), chunk.checksum.toString(16));
    }
    const entry = parseText(chunk);
    if (entry && !texts.has(entry[0])) texts.set(...entry);
  }
  return texts;
}

/** tEXt where Latin-1 suffices, iTXt (UTF-8, uncompressed) otherwise. */
function textChunk(keyword: string, text: string): Uint8Array {
  if (!/^[\x20-\x7e]{1,79}$/.test(keyword)) {
    throw new RangeError(
      `a PNG keyword is 1 to ${MAX_KEYWORD_LENGTH} printable ASCII characters, got ${JSON.stringify(keyword)}`,
    );
  }
  const isLatin1 = /^[\t\n\r\x20-\x7e\xa0-\xff]*$/.test(text);
  const utf8 = new TextEncoder();
  const content = isLatin1
    ? Uint8Array.from(text, (character) => character.charCodeAt(0))
    : utf8.encode(text);
  // After the keyword: tEXt has one zero; iTXt has zero, not compressed, method 0, no language, no translated keyword.
  const head = utf8.encode(`${isLatin1 ? "tEXt" : "iTXt"}${keyword}${isLatin1 ? "\0" : "\0\0\0\0\0"}`);
  const dataLength = head.length - 4 + content.length;
  const chunk = new Uint8Array(FRAME_BYTES + dataLength);
  const view = new DataView(chunk.buffer);
  view.setUint32(0, dataLength);
  chunk.set(head, 4);
  chunk.set(content, 4 + head.length);
  view.setUint32(8 + dataLength, crc32(chunk.subarray(4, 8 + dataLength)));
  return chunk;
}

/**
 * The same file with text chunks after its header; text it had under the same keywords is replaced.
 * @throws AppError FileFormat when it is not a PNG.
 */
export function insertPngText(
  png: Uint8Array,
  texts: Readonly<Record<string, string>>,
): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [SIGNATURE];
  for (const chunk of chunksOf(png)) {
    const isText = chunk.type === "tEXt" || chunk.type === "iTXt" || chunk.type === "zTXt";
    const keyword = isText ? latin1(chunk.data.subarray(0, Math.max(0, chunk.data.indexOf(0)))) : "";
    if (!isText || !Object.hasOwn(texts, keyword)) parts.push(png.subarray(chunk.start, chunk.end));
    if (parts.length === 2) {
      if (chunk.type !== "IHDR") throw formatError("the first chunk", "IHDR", chunk.type);
      for (const [key, text] of Object.entries(texts)) parts.push(textChunk(key, text));
    }
  }
  const file = new Uint8Array(parts.reduce((total, part) => total + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    file.set(part, offset);
    offset += part.length;
  }
  return file;
}
