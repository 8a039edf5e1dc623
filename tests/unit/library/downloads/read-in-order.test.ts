// Several connections for one file: the bytes stay in order, and slow, refusing or breaking hosts cost nothing.

import { createHash } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { LanePace, MAX_LANES } from "../../../../src/library/downloads/lane-pace.ts";
import { readInOrder } from "../../../../src/library/downloads/read-in-order.ts";
import {
  contentSha256,
  type HostedFile,
  type ModelHost,
  startModelHost,
} from "../../../support/model-host.ts";

const MEGABYTE = 1024 * 1024;
const content = { kind: "noise", bytes: 12 * MEGABYTE, seed: 5 } as const;
const right = contentSha256(content).sha256;

let host: ModelHost;
beforeAll(async () => void (host = await startModelHost()));
afterEach(() => void (host.requests.length = 0));
afterAll(() => host.close());

/** Three connections from the start, until one fails. */
function threeLanes(): { measure(): number; giveUp(): void } {
  let lanes = 3;
  return { measure: () => lanes, giveUp: () => void (lanes = 1) };
}

async function read(
  file: Partial<HostedFile>,
  refuse: (asked: number) => boolean = () => false,
): Promise<string> {
  host.put("/file", { content, ...file });
  const url = `${host.url}/file`;
  const response = await fetch(url);
  let asked = 0;
  const openRange = async (start: number, end: number, signal: AbortSignal): Promise<Response> => {
    if (refuse(asked++)) throw new TypeError("refused");
    const part = await fetch(url, { headers: { Range: `bytes=${start}-${end - 1}` }, signal });
    if (part.status !== 206) throw new TypeError(`status ${part.status}`);
    return part;
  };
  const hash = createHash("sha256");
  const body = {
    response,
    start: 0,
    total: content.bytes,
    openRange,
    segmentBytes: MEGABYTE,
    pace: threeLanes(),
  };
  for await (const chunk of readInOrder(body)) hash.update(chunk);
  return hash.digest("hex");
}

describe("a file read by several connections", () => {
  test("is whole and in order, and arrives faster from a host that limits each", async () => {
    const slow = { bytesPerSecond: 3 * MEGABYTE };
    const started = performance.now();
    expect(await read(slow)).toBe(right);
    const seconds = (performance.now() - started) / 1000;
    expect(host.requests.length).toBeGreaterThan(4);
    // One connection alone needs four seconds.
    expect(seconds).toBeLessThan(3.5);
  });

  test.each<[string, Partial<HostedFile>, ((asked: number) => boolean)?]>([
    ["a host without ranges", { ranges: false }],
    ["a host that refuses ranges", { ranges: 416 }],
  ])("comes from %s by the one connection it has", async (_, file, refuse) => {
    expect(await read({ ...file, bytesPerSecond: 20 * MEGABYTE }, refuse)).toBe(right);
  });

  test("goes on with one connection when further ones are refused", async () => {
    expect(await read({ bytesPerSecond: 12 * MEGABYTE }, (asked) => asked === 1)).toBe(right);
  });

  test("fails when the connection at the front breaks, after the bytes before the break", async () => {
    host.put("/file", { content, cuts: [3 * MEGABYTE] });
    const response = await fetch(`${host.url}/file`);
    let bytes = 0;
    const reading = async (): Promise<void> => {
      for await (const chunk of readInOrder({ response, start: 0, total: content.bytes }))
        bytes += chunk.byteLength;
    };
    await expect(reading()).rejects.toThrow();
    expect(bytes).toBeLessThanOrEqual(3 * MEGABYTE);
  });
});

describe("connections are added", () => {
  /** Lanes after each trial of one second, for the speed that the host would give to so many lanes. */
  function lanesFor(speed: (lanes: number) => number): number[] {
    const pace = new LanePace(0, 1000);
    let [lanes, bytes] = [1, 0];
    return Array.from({ length: 6 }, (_, i) => {
      bytes += speed(lanes);
      return (lanes = pace.measure(1000 * (i + 1), bytes));
    });
  }

  test("as long as each makes it faster, up to the limit", () => {
    expect(lanesFor((lanes) => lanes * 100)).toEqual([2, 3, MAX_LANES, MAX_LANES, MAX_LANES, MAX_LANES]);
  });

  test("and taken away again when the last one brought nothing", () => {
    expect(lanesFor(() => 100)).toEqual([2, 1, 1, 1, 1, 1]);
    expect(lanesFor((lanes) => Math.min(lanes, 2) * 100)).toEqual([2, 3, 2, 2, 2, 2]);
  });

  test("never again once the host refused", () => {
    const pace = new LanePace(0, 1000);
    expect(pace.measure(1000, 100)).toBe(2);
    pace.giveUp();
    expect(pace.measure(2000, 10_000)).toBe(1);
  });
});
