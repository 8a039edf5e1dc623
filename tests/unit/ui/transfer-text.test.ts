// Bytes, percent, speed and time left of a download, as far as each is known.

import { expect, test } from "vitest";
import type { Download } from "../../../src/protocol/downloads-api.ts";
import { civitaiPicture } from "../../../src/ui/civitai-picture.ts";
import { isAbove } from "../../../src/ui/content-level.ts";
import { describeSeconds, describeTransfer } from "../../../src/ui/transfer-text.ts";

const download: Download = {
  id: "1",
  title: "A model",
  address: "https://example.org/a.safetensors",
  source: "direct",
  state: "running",
  bytesDone: 0,
  addedAt: 0,
};

test("all that is known is said", () => {
  const progress = {
    id: "1",
    bytesDone: 1_200_000_000,
    bytesTotal: 2_000_000_000,
    percent: 60,
    bytesPerSecond: 12_300_000,
    secondsLeft: 65,
  };
  expect(describeTransfer(download, progress)).toEqual(["1.2 GB of 2 GB", "60 %", "12.3 MB/s", "1 min left"]);
});

test("without a size there is no percent and no time left", () => {
  const progress = { id: "1", bytesDone: 5_000_000, bytesPerSecond: 1_000_000 };
  expect(describeTransfer(download, progress)).toEqual(["5 MB", "1 MB/s"]);
});

test("a paused download has no speed", () => {
  const progress = { id: "1", bytesDone: 50, bytesTotal: 100, percent: 50, bytesPerSecond: 9 };
  expect(describeTransfer({ ...download, state: "paused" }, progress)).toEqual([
    "50 bytes of 100 bytes",
    "50 %",
  ]);
});

test("time left is as exact as a guess deserves", () => {
  expect([0.2, 59, 61, 3600, 7500].map(describeSeconds)).toEqual([
    "1 s",
    "59 s",
    "1 min",
    "1 h 0 min",
    "2 h 5 min",
  ]);
});

test("pictures from the service are asked for at the size shown, videos as a still, other schemes not at all", () => {
  const url = "https://image.civitai.com/xyz/uuid/original=true/1.jpeg";
  const image = { url, type: "image", nsfwLevel: 1 } as const;
  expect(civitaiPicture(image, 300)).toBe(
    "https://image.civitai.com/xyz/uuid/width=320,optimized=true/1.jpeg",
  );
  expect(civitaiPicture({ ...image, type: "video" }, 500)).toContain("/width=512,optimized=true,anim=false/");
  expect(civitaiPicture({ ...image, url: "javascript:alert(1)" }, 300)).toBe("");
});

test("a picture is blurred when its highest level is above the allowed one", () => {
  expect(isAbove(1, "PG")).toBe(false);
  expect(isAbove(2, "PG")).toBe(true);
  expect(isAbove(1 | 8, "R")).toBe(true);
  expect(isAbove(4, "R")).toBe(false);
  expect(isAbove(0, "PG")).toBe(false);
});
