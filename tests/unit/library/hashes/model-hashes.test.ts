// Every kind of hash against tools/fixtures/hashes.py, which uses other implementations; and the batch over a library.

import "fake-indexeddb/auto";
import { IDBFactory } from "fake-indexeddb";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { hashModelFile } from "../../../../src/library/hashes/hash-model-file.ts";
import { LibraryHashing } from "../../../../src/library/hashes/library-hashing.ts";
import { StreamHasher } from "../../../../src/library/hashes/stream-hasher.ts";
import { openLibraryDatabase } from "../../../../src/library/library-database.ts";
import type { ModelHashes } from "../../../../src/protocol/model-hashes.ts";
import { memorySource } from "../../../../src/weights/memory-source.ts";
import { recordOf } from "../../../support/download-bench.ts";

const fixture = (path: string): Buffer => readFileSync(new URL(`../../../fixtures/${path}`, import.meta.url));
const golden = JSON.parse(fixture("hashes/hashes.json").toString()) as Record<string, Partial<ModelHashes>>;

function pattern(length: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, i) => (i * 31 + Math.floor(i / 256)) & 255);
}

function safetensors(payload: Uint8Array, metadata: Record<string, string>): Uint8Array<ArrayBuffer> {
  const x = { dtype: "U8", shape: [payload.length], data_offsets: [0, payload.length] };
  const text = Buffer.from(JSON.stringify({ __metadata__: metadata, x }));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Uint8Array.from(Buffer.concat([length, text, payload]));
}

const files: Readonly<Record<string, Uint8Array<ArrayBuffer>>> = {
  "empty.ckpt": pattern(0),
  "short.ckpt": pattern(1000),
  "half-window.ckpt": pattern(0x100000 + 0x8000),
  "long.ckpt": pattern(0x100000 + 0x10000 + 4321),
  "metadata.safetensors": safetensors(pattern(5000), {
    sshs_model_hash: `0x${"AB".repeat(32)}`,
    "modelspec.hash_sha256": "not a hash",
    sshs_legacy_hash: "deadbeef",
  }),
  "large.safetensors": safetensors(pattern(5 * 1024 * 1024 + 3), {}),
  "tiny.safetensors": Uint8Array.from(fixture("models/tiny.safetensors")),
};

describe("hashes", () => {
  test.each(Object.keys(files))("of %s are those of other tools", async (name) => {
    const { embedded, ...hashes } = await hashModelFile(memorySource(files[name], name));
    expect(hashes).toEqual(golden[name]);
    expect(embedded).toBeTypeOf("object");
  });

  test("that a file claims for itself are kept apart, cleaned, and only where they can be hashes", async () => {
    const { embedded } = await hashModelFile(memorySource(files["metadata.safetensors"], "a.safetensors"));
    expect(embedded).toEqual({ sshs_model_hash: "ab".repeat(32), sshs_legacy_hash: "deadbeef" });
  });

  test("do not depend on how the bytes are cut into chunks", async () => {
    const bytes = files["long.ckpt"];
    const hasher = await StreamHasher.create(undefined);
    let start = 0;
    for (const end of [1, 64, 0xfffff, 0x100001, 0x10ffff, 0x110001, bytes.length]) {
      hasher.update(bytes.subarray(start, end));
      start = end;
    }
    const { embedded, ...hashes } = hasher.finish({});
    expect(hashes).toEqual(golden["long.ckpt"]);
    expect(embedded).toEqual({});
  });
});

test("a batch skips known files, names bad ones, and goes on where it was stopped", async () => {
  globalThis.indexedDB = new IDBFactory();
  const database = await openLibraryDatabase();
  const names = ["short.ckpt", "long.ckpt", "tiny.safetensors"];
  const records = names.map((name) => recordOf(name, files[name].length, golden[name].sha256!));
  const opened: string[] = [];
  const hashing = new LibraryHashing({
    database,
    listModels: () => Promise.resolve([...records, recordOf("damaged.ckpt", 1000, "0".repeat(64))]),
    openFile: ({ fileName }) => {
      opened.push(fileName);
      if (fileName === "long.ckpt" && opened.length === 2) void hashing.stop();
      return Promise.resolve(new File([files[fileName] ?? files["short.ckpt"]], fileName));
    },
  });
  const first = await hashing.computeMissing(() => undefined);
  expect(first).toMatchObject({ filesDone: 1, filesTotal: 4 });
  const second = await hashing.computeMissing(() => undefined);
  expect(opened).toEqual(["short.ckpt", "long.ckpt", "long.ckpt", "tiny.safetensors", "damaged.ckpt"]);
  expect(second).toMatchObject({ filesDone: 2, filesTotal: 3 });
  expect(second.failures).toMatchObject([{ modelId: "0".repeat(64), error: { name: "HashMismatch" } }]);
  expect(await hashing.get(records[2].id)).toMatchObject(golden["tiny.safetensors"]);
  database.close();
});
