// Byte sources over memory and Blobs: exact ranges, copies, and named errors for ranges and files that do not hold them.

import { afterEach, describe, expect, test, vi } from "vitest";
import { blobSource } from "../../../src/weights/blob-source.ts";
import type { ByteSource } from "../../../src/weights/byte-source.ts";
import { memorySource } from "../../../src/weights/memory-source.ts";

const bytes = Uint8Array.from({ length: 100 }, (_, i) => i);

/** What a worker has and Node has not; `read` says what the browser gives for a part. */
function stubFileReaderSync(read: () => ArrayBuffer): void {
  vi.stubGlobal(
    "FileReaderSync",
    class {
      readAsArrayBuffer(): ArrayBuffer {
        return read();
      }
    },
  );
}

afterEach(() => {
  vi.unstubAllGlobals();
});

describe.each<[string, () => ByteSource]>([
  ["memory", () => memorySource(bytes, "m.bin")],
  ["blob", () => blobSource(new Blob([bytes.slice(0, 30), bytes.slice(30)]), "b.bin")],
])("%s", (_, create) => {
  test("reads exact ranges", async () => {
    const source = create();
    expect(source.byteLength).toBe(100);
    expect(await source.read(25, 35)).toEqual(bytes.slice(25, 35));
    expect(await source.read(100, 100)).toEqual(new Uint8Array(0));
  });

  test("gives bytes that start their own buffer, so that typed views are aligned", async () => {
    const part = await create().read(3, 11);
    expect([part.byteOffset, part.buffer.byteLength]).toEqual([0, 8]);
  });

  test.each([
    [90, 101],
    [-1, 4],
    [5, 4],
    [0.5, 4],
    [0, Number.NaN],
  ])("refuses the range %d to %d", async (start, end) => {
    const source = create();
    const refusal = { name: "FileFormat", details: { file: source.name, where: `bytes ${start} to ${end}` } };
    await expect(source.read(start, end)).rejects.toMatchObject(refusal);
    expect(() => source.readSync(start, end)).toThrow(/inside the file's 100 bytes/);
  });
});

describe("memory", () => {
  test("is not changed by what callers do to a read", () => {
    const source = memorySource(bytes, "m.bin");
    source.readSync(0, 4).fill(255);
    expect(source.readSync(0, 4)).toEqual(bytes.slice(0, 4));
  });
});

describe("blob", () => {
  const blob = new Blob([bytes]);

  test("reads synchronously where a worker can", () => {
    stubFileReaderSync(() => bytes.slice(4, 8).buffer);
    expect(blobSource(blob, "b.bin").readSync(4, 8)).toEqual(bytes.slice(4, 8));
  });

  test("says where synchronous reading is missing", () => {
    expect(() => blobSource(blob, "b.bin").readSync(4, 8)).toThrow(/only inside a worker/);
  });

  test("names a file that came back short", () => {
    stubFileReaderSync(() => new ArrayBuffer(3));
    expect(() => blobSource(blob, "b.bin").readSync(4, 8)).toThrow(
      /b\.bin .*bytes 4 to 8 should be 4 bytes, got 3 bytes/,
    );
  });

  test("names a file that was changed or removed after it was opened", async () => {
    const gone = new DOMException("gone", "NotReadableError");
    const lost = Object.assign(new Blob([bytes]), {
      slice: () => Object.assign(new Blob(), { arrayBuffer: () => Promise.reject(gone) }),
    });
    const error = {
      name: "FileFormat",
      message: expect.stringContaining("changed or removed") as string,
      cause: gone,
    };
    await expect(blobSource(lost, "b.bin").read(0, 4)).rejects.toMatchObject(error);
    stubFileReaderSync(() => {
      throw gone;
    });
    expect(() => blobSource(blob, "b.bin").readSync(0, 4)).toThrow(/changed or removed/);
  });
});
