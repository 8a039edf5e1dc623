// Colours under transparency come from the nearest pixels that show.

import { expect, test } from "vitest";
import type { RgbaPixels } from "../../../src/imaging/pixels.ts";
import { fillTransparent, readAlpha } from "../../../src/imaging/transparency.ts";

/** One character a pixel: a letter is a colour that shows, "-" transparent black. */
function picture(...rows: string[]): RgbaPixels {
  const pixels = [...rows.join("")].flatMap((letter) => {
    const code = letter.charCodeAt(0);
    return letter === "-" ? [0, 0, 0, 0] : [code, code + 1, 255 - code, 200];
  });
  return { width: rows[0].length, height: rows.length, pixels: Uint8ClampedArray.from(pixels) };
}

function fill(source: RgbaPixels): string[] {
  const { width, height, pixels } = fillTransparent(source, readAlpha(source)!);
  return Array.from({ length: height }, (_, y) =>
    Array.from({ length: width }, (_, x) => {
      const [red, green, blue, alpha] = pixels.subarray(4 * (y * width + x));
      expect(alpha).toBe(255);
      if (red + green + blue > 0) expect([green, blue]).toEqual([red + 1, 255 - red]);
      return red === 0 ? "-" : String.fromCharCode(red);
    }).join(""),
  );
}

test("each takes the nearest colour, from any side", () => {
  expect(fill(picture("a----b"))).toEqual(["aaabbb"]);
  expect(fill(picture("-----", "--c--", "-----"))).toEqual(["ccccc", "ccccc", "ccccc"]);
  expect(fill(picture("a---", "----", "---d"))).toEqual(["aaad", "aadd", "addd"]);
});

test("rows do not touch the next row's other end", () => {
  expect(fill(picture("---a", "----", "b---"))[1]).toMatch(/^b.*a$/);
});

test("colours that show, even a little, stay", () => {
  const source = picture("ab", "c-");
  source.pixels[3] = 1;
  expect(fill(source)[0]).toBe("ab");
});

test("where nothing shows there is nothing to take", () => {
  expect(fill(picture("--", "--"))).toEqual(["--", "--"]);
});

test("the source is left as it was", () => {
  const source = picture("a-");
  const before = source.pixels.slice();
  fill(source);
  expect(source.pixels).toEqual(before);
});

test("readAlpha() gives the channel, or nothing for an opaque picture", () => {
  expect([...readAlpha(picture("a-"))!]).toEqual([200, 0]);
  expect(readAlpha({ width: 1, height: 1, pixels: Uint8ClampedArray.of(1, 2, 3, 255) })).toBeUndefined();
});
