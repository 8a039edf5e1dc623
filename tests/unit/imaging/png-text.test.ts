// PNG text chunks: round trips, what other writers do, and damaged files.

import { deflateSync } from "node:zlib";
import { expect, test } from "vitest";
import { crc32 } from "../../../src/imaging/crc32.ts";
import { insertPngText, isPng, readPngText } from "../../../src/imaging/png-text.ts";

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

function chunk(type: string, data: Uint8Array): Uint8Array {
  const bytes = Buffer.alloc(12 + data.length);
  bytes.writeUInt32BE(data.length, 0);
  bytes.write(type, 4, "latin1");
  bytes.set(data, 8);
  bytes.writeUInt32BE(crc32(bytes.subarray(4, 8 + data.length)), 8 + data.length);
  return bytes;
}

function png(...extra: readonly Uint8Array[]): Uint8Array {
  const header = Uint8Array.of(0, 0, 0, 1, 0, 0, 0, 1, 8, 2, 0, 0, 0);
  const pixels = deflateSync(Uint8Array.of(0, 255, 0, 0));
  return Buffer.concat([
    Uint8Array.from(SIGNATURE),
    chunk("IHDR", header),
    ...extra,
    chunk("IDAT", pixels),
    chunk("IEND", new Uint8Array()),
  ]);
}

const bytesOf = (text: string): Uint8Array => Buffer.from(text, "latin1");

test("crc32() has the check value of its standard", () => {
  expect(crc32(bytesOf("123456789"))).toBe(0xcbf43926);
});

test.each(["Steps: 20", "", "café über ±", "маяк 灯台 😀", "two\nlines", "x".repeat(100_000)])(
  "text survives insertPngText() and readPngText(): %#",
  (text) => {
    const file = insertPngText(png(), { parameters: text });
    expect(readPngText(file).get("parameters")).toBe(text);
  },
);

test("insertPngText() writes tEXt for Latin-1 and iTXt for the rest, after the header", () => {
  const typeOfSecond = (file: Uint8Array): string => Buffer.from(file.subarray(37, 41)).toString("latin1");
  expect(typeOfSecond(insertPngText(png(), { parameters: "café" }))).toBe("tEXt");
  expect(typeOfSecond(insertPngText(png(), { parameters: "маяк" }))).toBe("iTXt");
});

test("insertPngText() replaces text of its keyword and keeps everything else", () => {
  const original = png(chunk("tEXt", bytesOf("parameters\0old")), chunk("tEXt", bytesOf("Title\0kept")));
  const file = insertPngText(original, { parameters: "new" });
  expect([...readPngText(file)]).toEqual([
    ["parameters", "new"],
    ["Title", "kept"],
  ]);
  expect(insertPngText(png(), {})).toEqual(new Uint8Array(png()));
});

test("readPngText() reads iTXt with a language and a translated keyword", () => {
  const data = Buffer.from("parameters\0\0\0de\0Parameter\0größer 灯", "utf8");
  expect(readPngText(png(chunk("iTXt", data))).get("parameters")).toBe("größer 灯");
});

test("readPngText() skips compressed text and malformed entries", () => {
  const compressed = Buffer.concat([bytesOf("a\0\u0001\0\0\0"), deflateSync(bytesOf("x"))]);
  const file = png(
    chunk("zTXt", Buffer.concat([bytesOf("b\0\0"), deflateSync(bytesOf("x"))])),
    chunk("iTXt", compressed),
    chunk("iTXt", bytesOf("c\0\0\0no end")),
    chunk("tEXt", bytesOf("no separator")),
    chunk("tEXt", bytesOf("\0empty keyword")),
    chunk("tEXt", bytesOf("d\0fine")),
  );
  expect([...readPngText(file)]).toEqual([["d", "fine"]]);
});

const damaged = (change: (bytes: Uint8Array) => Uint8Array | void): Uint8Array => {
  const bytes = Uint8Array.from(insertPngText(png(), { parameters: "text" }));
  return change(bytes) ?? bytes;
};

test.each<[string, Uint8Array, RegExp]>([
  ["nothing", new Uint8Array(), /signature/],
  ["a JPEG", Uint8Array.of(0xff, 0xd8, 0xff, 0xe0, 0, 0, 0, 0, 0, 0, 0, 0), /signature/],
  ["only a signature", Uint8Array.from(SIGNATURE), /byte 8 should be another chunk, got 0 bytes/],
  ["cut off within a chunk", damaged((bytes) => bytes.subarray(0, 58)), /tEXt at byte 33/],
  ["cut off before the end", damaged((bytes) => bytes.subarray(0, bytes.length - 12)), /another chunk/],
  [
    "a chunk larger than the file",
    damaged((bytes) => void bytes.set([0x7f, 0xff, 0xff, 0xff], 33)),
    /2147483647/,
  ],
  [
    "a chunk larger than the format allows",
    damaged((bytes) => void bytes.set([0xff, 0xff, 0xff, 0xff], 33)),
    /4294967295/,
  ],
  ["a chunk type that is none", damaged((bytes) => void bytes.set([0, 1, 2, 3], 37)), /four letters/],
  ["a changed text", damaged((bytes) => void (bytes[55] ^= 1)), /checksum/],
])("readPngText() names what is wrong with %s", (_, bytes, message) => {
  expect(() => readPngText(bytes)).toThrowError(
    expect.objectContaining({
      name: "FileFormat",
      message: expect.stringMatching(message) as string,
    }) as Error,
  );
});

test("insertPngText() wants a PNG that starts with its header and a keyword PNG can hold", () => {
  const headless = Buffer.concat([Uint8Array.from(SIGNATURE), chunk("IEND", new Uint8Array())]);
  expect(() => insertPngText(headless, { a: "b" })).toThrowError(/IHDR/);
  expect(() => insertPngText(png(), { ["k".repeat(80)]: "b" })).toThrowError(/keyword/);
});

test("isPng() looks at the signature", () => {
  expect(isPng(png())).toBe(true);
  expect(isPng(Uint8Array.of(0x89, 0x50))).toBe(false);
});
