// Infotext in files that Pillow wrote (tools/fixtures/pictures.py), and what cut or twisted ones do.

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { readExifComment } from "../../../src/imaging/exif-comment.ts";
import { readPictureInfotext } from "../../../src/imaging/picture-infotext.ts";
import { isAppError } from "../../../src/protocol/app-error.ts";

interface PictureCase {
  readonly name: string;
  readonly base64: string;
  readonly infotext: string | null;
}

const cases = JSON.parse(
  readFileSync("tests/fixtures/imaging/pictures.json", "utf8"),
) as readonly PictureCase[];
const bytesOf = ({ base64 }: PictureCase): Uint8Array => Uint8Array.from(Buffer.from(base64, "base64"));

test.each(cases)("readPictureInfotext(): $name", (picture) => {
  expect(readPictureInfotext(bytesOf(picture))).toBe(picture.infotext ?? undefined);
});

test.each(cases)("$name, cut anywhere, gives the text, nothing or a FileFormat error", (picture) => {
  const bytes = bytesOf(picture);
  for (let length = 0; length < bytes.length; length++) {
    try {
      const text = readPictureInfotext(bytes.subarray(0, length));
      expect([undefined, picture.infotext]).toContain(text);
    } catch (error) {
      expect(isAppError(error, "FileFormat"), String(error)).toBe(true);
    }
  }
});

test("readExifComment() names offsets that lead outside", () => {
  const tiff = Uint8Array.of(0x49, 0x49, 42, 0, 0xff, 0xff, 0xff, 0x7f);
  expect(() => readExifComment(tiff)).toThrowError(/a directory should be within 8 bytes/);
  expect(() => readExifComment(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8))).toThrowError(
    /byte order II or MM, got 102/,
  );
});
