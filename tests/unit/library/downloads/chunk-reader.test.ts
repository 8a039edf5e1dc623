// Chunks of a body: bytes in order, never more than asked for, and in buffers that are filled again and again.

import { describe, expect, test } from "vitest";
import { BufferPool, openChunkReader } from "../../../../src/library/downloads/chunk-reader.ts";

const BYTES = 3_000_000;
const expected = Uint8Array.from({ length: BYTES }, (_, i) => (i * 31) & 255);

function parts(size: number): Uint8Array<ArrayBuffer>[] {
  return Array.from({ length: Math.ceil(BYTES / size) }, (_, i) => expected.slice(i * size, (i + 1) * size));
}

function stream(type: "bytes" | undefined): ReadableStream<Uint8Array<ArrayBuffer>> {
  const left = parts(70_000);
  const pull = (controller: ReadableByteStreamController | ReadableStreamDefaultController): void => {
    const next = left.shift();
    if (next) return controller.enqueue(next);
    controller.close();
    // A read that waits for bytes ends only with an answer of its own.
    if ("byobRequest" in controller) controller.byobRequest?.respond(0);
  };
  return (type ? new ReadableStream({ type, pull }) : new ReadableStream({ pull })) as ReturnType<
    typeof stream
  >;
}

describe.each([["bytes"], [undefined]] as const)("a stream of type %s", (type) => {
  test.each([[false], [true]])("is read whole and in order (filling buffers: %s)", async (whole) => {
    const pool = new BufferPool();
    const reader = openChunkReader(stream(type), pool);
    const got = new Uint8Array(BYTES);
    let at = 0;
    for (let limit = 100_000; ; limit += 50_000) {
      const chunk = await reader.read(limit, whole);
      if (!chunk) break;
      expect(chunk.byteLength).toBeLessThanOrEqual(limit);
      got.set(chunk, at);
      at += chunk.byteLength;
      pool.give(chunk.buffer);
    }
    expect(at).toBe(BYTES);
    expect(Buffer.compare(got, expected)).toBe(0);
  });
});

test("a buffer that was given back is the next one filled, so that nothing piles up", async () => {
  const pool = new BufferPool();
  const reader = openChunkReader(stream("bytes"), pool);
  const first = (await reader.read(BYTES, false))!;
  expect(first.byteLength).toBeGreaterThan(0);
  pool.give(first.buffer);
  await reader.read(BYTES, false);
  // The browser took it away to fill it.
  expect(first.byteLength).toBe(0);
});

test("buffers of other sizes are not kept", () => {
  const pool = new BufferPool();
  const own = new ArrayBuffer(100);
  pool.give(own);
  expect(pool.take()).not.toBe(own);
});
