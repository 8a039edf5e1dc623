// The small decisions of a download: names, ranges, delays, speed, the order of addresses.

import { describe, expect, test } from "vitest";
import {
  nameReceivedFile,
  parseContentDisposition,
} from "../../../../src/library/downloads/content-disposition.ts";
import { orderAddresses } from "../../../../src/library/downloads/order-addresses.ts";
import {
  parseContentRange,
  readByteFacts,
  sameVersion,
} from "../../../../src/library/downloads/range-answer.ts";
import { retryDelay } from "../../../../src/library/downloads/retry-delay.ts";
import { secondsLeft, SpeedMeter } from "../../../../src/library/downloads/speed-meter.ts";
import { parseRetryAfter } from "../../../../src/library/sources/host-errors.ts";

const ADDRESS = "https://host.example/files/from%20address.safetensors?x=1";

test.each([
  ['attachment; filename="a b.safetensors"', "a b.safetensors"],
  ["attachment; filename=plain.ckpt", "plain.ckpt"],
  ['attachment; filename="with \\"quotes\\".pt"', 'with "quotes".pt'],
  ["attachment; filename*=UTF-8''na%C3%AFve%20%E2%82%AC.safetensors", "naïve €.safetensors"],
  ["attachment; filename*=iso-8859-1'en'%A3.pt", "£.pt"],
  ["attachment; filename=\"fallback.pt\"; filename*=UTF-8''%E6%A8%A1.pt", "模.pt"],
  ["attachment; filename=\"broken.pt\"; filename*=UTF-8''%ZZ", "broken.pt"],
  ["attachment", undefined],
  ["", undefined],
])("%s names %s", (header, name) => {
  expect(parseContentDisposition(header)).toBe(name);
});

test.each([
  ['attachment; filename="../../etc/passwd"', "passwd"],
  ['attachment; filename="C:\\\\models\\\\x.safetensors"', "x.safetensors"],
  ["attachment; filename*=UTF-8''..%2F..%2Fevil%00.safetensors", "evil_.safetensors"],
  [null, "known.safetensors"],
])("a stated name %s becomes the safe %s", (header, name) => {
  expect(nameReceivedFile(header, "known.safetensors", ADDRESS)).toBe(name);
});

test("without any name the end of the address is the name", () => {
  expect(nameReceivedFile(null, undefined, ADDRESS)).toBe("from address.safetensors");
  expect(nameReceivedFile(null, undefined, "https://host.example/get?file=x.pt")).toBe("x.pt");
  expect(nameReceivedFile(null, undefined, "https://host.example/")).toBe("model.safetensors");
});

describe("ranges", () => {
  test.each([
    ["bytes 5-9/10", { start: 5, total: 10 }],
    ["bytes 5-9/*", { start: 5 }],
    ["bytes */10", { total: 10 }],
    ["pages 1-2/3", undefined],
    [null, undefined],
  ])("Content-Range %s", (header, expected) => {
    expect(parseContentRange(header)).toEqual(expected);
  });

  test("a total is counted from the part where Content-Range is hidden", () => {
    const headers = { "Content-Length": "5" };
    expect(readByteFacts(new Response(null, { status: 206, headers }), 10)).toEqual({ start: 10, total: 15 });
  });

  test("the length of a compressed body says nothing", () => {
    const headers = { "Content-Length": "5", "Content-Encoding": "gzip" };
    expect(readByteFacts(new Response(null, { headers }), 0)).toEqual({ start: 0 });
  });

  test("weak versions promise nothing; strong ones decide, then the size, then the date", () => {
    const weak = new Response(null, { headers: { ETag: 'W/"a"' } });
    expect(readByteFacts(weak, 0).etag).toBeUndefined();
    const at = { start: 0 };
    expect(sameVersion({ ...at, etag: '"a"' }, { ...at, etag: '"b"' })).toBe(false);
    expect(sameVersion({ ...at, etag: '"a"', total: 5 }, { ...at, etag: '"a"', total: 6 })).toBe(false);
    expect(sameVersion({ ...at, lastModified: "x" }, { ...at, lastModified: "y" })).toBe(false);
    expect(
      sameVersion({ ...at, etag: '"a"', lastModified: "x" }, { ...at, etag: '"a"', lastModified: "y" }),
    ).toBe(true);
    expect(sameVersion(at, at)).toBe(true);
  });
});

describe("waiting", () => {
  test("doubles, keeps to a limit, and is never the same for all", () => {
    expect([1, 2, 3].map((n) => retryDelay(n, undefined, () => 1))).toEqual([1000, 2000, 4000]);
    expect([1, 2, 3].map((n) => retryDelay(n, undefined, () => 0))).toEqual([500, 1000, 2000]);
    expect(retryDelay(50, undefined, () => 1)).toBe(300_000);
  });

  test("is as long as the host asks, within reason", () => {
    expect(retryDelay(1, 90, () => 0)).toBe(90_000);
    expect(retryDelay(1, 10 ** 9, () => 0)).toBe(3_600_000);
  });

  test.each([
    ["120", 120],
    ["Sat, 21 Nov 2026 10:00:30 GMT", 30],
    ["Sat, 21 Nov 2026 09:00:00 GMT", 0],
    ["-5", undefined],
    ["soon", undefined],
    [null, undefined],
  ])("Retry-After %s", (header, seconds) => {
    expect(parseRetryAfter(header, Date.parse("2026-11-21T10:00:00Z"))).toBe(seconds);
  });
});

describe("speed", () => {
  test("is right from the first report and follows changes smoothly", () => {
    const meter = new SpeedMeter(0, 1000);
    expect(meter.measure(250, 1250)).toBeCloseTo(1000);
    for (let i = 2; i <= 8; i++) expect(meter.measure(250 * i, 1000 + 250 * i)).toBeCloseTo(1000);
    const slower = meter.measure(2250, 3000);
    expect(slower).toBeLessThan(1000);
    expect(slower).toBeGreaterThan(800);
  });

  test("gives the time left only where it can be known", () => {
    expect(secondsLeft(50, 100, 10)).toBe(5);
    expect(secondsLeft(50, undefined, 10)).toBeUndefined();
    expect(secondsLeft(50, 100, 0)).toBeUndefined();
    expect(secondsLeft(120, 100, 10)).toBe(0);
  });
});

test("addresses are tried where the part came from, then as given, failed hosts last, until a day has passed", () => {
  const entry = {
    address: "https://a.example/1",
    alternatives: ["https://b.example/1", "https://c.example/1"],
  };
  const hour = 3_600_000;
  const failed = { "https://a.example": 0 };
  expect(orderAddresses(entry, {}, hour)).toEqual([entry.address, ...entry.alternatives]);
  expect(orderAddresses(entry, failed, hour)).toEqual([...entry.alternatives, entry.address]);
  expect(orderAddresses(entry, failed, 25 * hour)[0]).toBe(entry.address);
  expect(orderAddresses({ ...entry, partFrom: "https://c.example/1" }, failed, hour)[0]).toBe(
    "https://c.example/1",
  );
});
