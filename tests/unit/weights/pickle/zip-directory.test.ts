// ZIP directories: zip64, comments, padding, and directories that lie. The pickles inside are tested elsewhere.

import { expect, test } from "vitest";
import { isAppError } from "../../../../src/protocol/app-error.ts";
import { memorySource } from "../../../../src/weights/memory-source.ts";
import { openTorchCheckpoint } from "../../../../src/weights/pickle/torch-checkpoint.ts";
import { locateEntry, readZipDirectory } from "../../../../src/weights/pickle/zip-directory.ts";
import { countingSource } from "../../../support/counting-source.ts";
import { dictOf, globalOf, pickleOf, storageOf, tensorOf } from "./build-pickle.ts";
import { buildZip, torchZip } from "./build-zip.ts";
import type { ZipOptions, ZipPart } from "./build-zip.ts";

const pickle = pickleOf(dictOf({ weight: tensorOf() }));
const storage = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
const honest: readonly [ZipPart, ZipPart] = [
  { name: "model/data.pkl", data: pickle },
  { name: "model/data/0", data: storage },
];

async function weightOf(zip: Uint8Array): Promise<Uint8Array> {
  const { tensors, source } = await openTorchCheckpoint(memorySource(zip, "model.ckpt"));
  const { start, end } = tensors.get("weight")!;
  return source.read(start, end);
}

async function message(zip: Uint8Array): Promise<string> {
  const error: unknown = await weightOf(zip).catch((caught: unknown) => caught);
  if (!isAppError(error, "FileFormat")) throw error instanceof Error ? error : new Error("it was opened");
  return error.message;
}

test.each<readonly [string, Uint8Array]>([
  ["a plain ZIP file", buildZip(honest)],
  ["a zip64 file", buildZip(honest, { zip64: true })],
  ["a ZIP file with a comment", buildZip(honest, { comment: "PK\u0005\u0006 saved on a Sunday" })],
  ["a zip64 file with a long comment", buildZip(honest, { zip64: true, comment: "-".repeat(60_000) })],
  ["a padded ZIP file", buildZip(honest.map((part) => ({ ...part, align: 64 })))],
  ["oddly padded entries", buildZip(honest.map((part) => ({ ...part, align: 7 })))],
  ["a ZIP file with folders", buildZip([{ name: "model/" }, { name: "model/data/" }, ...honest])],
  [
    "a little-endian file",
    buildZip([...honest, { name: "model/byteorder", data: new TextEncoder().encode("little") }]),
  ],
])("the storage in %s is found", async (_, zip) => {
  expect(await weightOf(zip)).toEqual(storage);
});

test("local headers of aligned entries are not read, those of others are", async () => {
  for (const [align, reads] of [
    [64, 0],
    [7, 1],
  ]) {
    const source = countingSource(memorySource(buildZip([{ ...honest[1], align }]), "model.ckpt"));
    const entry = (await readZipDirectory(source)).get("model/data/0")!;
    const before = source.ranges.length;
    const { start, end } = await locateEntry(source, entry);
    expect(source.ranges.length - before).toBe(reads);
    expect(source.readSync(start, end)).toEqual(storage);
  }
});

test("a checkpoint of 2,000 tensors is opened in a handful of small reads", async () => {
  const names = Array.from({ length: 2000 }, (_, index) => `${index}`);
  const weights = names.map((key) => [`model.block.${key}.weight`, tensorOf({ storage: storageOf(key, 2) })]);
  const parts = names.map((key) => ({ name: `model/data/${key}`, data: storage, align: 64 }));
  const data = pickleOf(dictOf(Object.fromEntries(weights) as Record<string, number[]>));
  const zip = buildZip([{ name: "model/data.pkl", data, align: 64 }, ...parts]);
  const source = countingSource(memorySource(zip, "model.ckpt"));
  const { tensors } = await openTorchCheckpoint(source);
  expect(tensors.size).toBe(2000);
  expect(source.ranges.length).toBeLessThan(8);
  // The pickles of these tests name every class anew; torch's are a quarter as long.
  expect(source.bytesRead).toBeLessThan(2_000_000);
});

const withParts = (...parts: readonly ZipPart[]): Uint8Array => buildZip([...honest, ...parts]);
const lying = (part: Partial<ZipPart>): Uint8Array => buildZip([honest[0], { ...honest[1], ...part }]);
const ended = (options: ZipOptions): Uint8Array => buildZip(honest, options);

test.each<readonly [string, Uint8Array, RegExp]>([
  ["a truncated file", buildZip(honest).slice(0, -30), /ended by a ZIP directory, got none/],
  ["four bytes", buildZip(honest).slice(0, 4), /ended by a ZIP directory, got none/],
  ["other bytes after the directory", Uint8Array.from([...buildZip(honest), 0]), /ended by a ZIP directory/],
  [
    "a directory outside the file",
    ended({ directoryStart: 100_000 }),
    /place of the ZIP directory should be before/,
  ],
  [
    "a directory outside a zip64 file",
    ended({ zip64: true, directoryStart: 2 ** 52 }),
    /place of the ZIP directory/,
  ],
  ["a directory of 4 GB", ended({ directoryBytes: 0xfffffff0 }), /at most 8388608 bytes, got 4294967280/],
  ["a billion entries", ended({ zip64: true, count: 1e9 }), /at most 100000, got 1000000000/],
  ["more entries than there are", ended({ count: 3 }), /number of ZIP entries should be 3, got 2/],
  [
    "a directory that is cut off",
    ended({ directoryBytes: 70 }),
    /ZIP entry 2 should be a directory entry|ZIP entry 1 should be within/,
  ],
  ["a directory in the wrong place", ended({ directoryStart: 1 }), /ZIP entry 1 should be a directory entry/],
  ["zip64 sizes without a zip64 record", ended({ directoryStart: 0xffffffff }), /followed by a zip64 record/],
  [
    "an entry twice",
    withParts({ name: "model/data/0", data: storage }),
    /"model\/data\/0" should be the only one of its name/,
  ],
  [
    "entries that overlap",
    lying({ headerStart: 0 }),
    /ZIP entry "model\/data.*" should be ended before byte 0/,
  ],
  ["an entry behind the directory", lying({ headerStart: 1e6 }), /should be ended before byte/],
  [
    "an entry larger than the file",
    lying({ storedBytes: 1e9 }),
    /"model\/data\/0" should be ended before byte/,
  ],
  ["sizes that differ", lying({ unpackedBytes: 9 }), /9 bytes, being stored as it is, got 8/],
  [
    "a smaller storage than the pickle says",
    lying({ storedBytes: 4 }),
    /storage "0" should be 8 bytes, got 4/,
  ],
  [
    "a zip bomb",
    buildZip([{ ...honest[0], method: 8, unpackedBytes: 2 ** 31 }, honest[1]]),
    /"model\/data\.pkl".*compressed \(method 8\)/,
  ],
  ["a compressed storage", lying({ method: 8 }), /"model\/data\/0".*compressed \(method 8\)/],
  ["an encrypted storage", lying({ flags: 1 }), /"model\/data\/0".*encrypted/],
  [
    "a local header elsewhere",
    lying({ headerStart: pickle.length + 50 }),
    /a header where the directory says|ended before byte/,
  ],
  [
    "a name that climbs",
    withParts({ name: "model/../../etc/passwd" }),
    /a path inside the ZIP file, got "model\/\.\.\/\.\.\/etc\/passwd"/,
  ],
  ["an absolute name", withParts({ name: "/etc/passwd" }), /a path inside the ZIP file/],
  ["a name with a backslash", withParts({ name: "model\\data.pkl" }), /a path inside the ZIP file/],
  ["a name with a null", withParts({ name: "model\0" }), /a path inside the ZIP file/],
  ["no name", withParts({ name: "" }), /a path inside the ZIP file/],
  ["no data.pkl", buildZip([honest[1]]), /one folder with data\.pkl, got none/],
  [
    "two folders with data.pkl",
    withParts({ name: "other/data.pkl", data: pickle }),
    /one folder with data\.pkl, got 2/,
  ],
  ["no storage", buildZip([honest[0]]), /storage "0" should be in the ZIP file, got nothing/],
  [
    "a big-endian file",
    withParts({ name: "model/byteorder", data: new TextEncoder().encode("big") }),
    /byte order should be little, got "big"/,
  ],
  [
    "a TorchScript program",
    withParts({ name: "model/constants.pkl" }),
    /should be tensors, got a TorchScript program/,
  ],
  [
    "a data.pkl of 17 MB",
    torchZip(new Uint8Array(17 * 2 ** 20)),
    /data\.pkl should be at most 16777216 bytes/,
  ],
  ["an empty data.pkl", torchZip(new Uint8Array()), /ended by STOP, got its end at 0 bytes/],
  [
    "a program under torch's name",
    torchZip(pickleOf(globalOf("__torch__.model", "Net"))),
    /asks for "__torch__\.model\.Net"/,
  ],
])("%s is an error", async (_, zip, expected) => {
  expect(await message(zip)).toMatch(expected);
});

test.each<readonly [string, Uint8Array, RegExp]>([
  ["an empty file", new Uint8Array(), /got an empty file/],
  ["a web page", new TextEncoder().encode("<!doctype html>"), /begun as torch\.save does/],
])("%s is not torch's", async (_, bytes, expected) => {
  expect(await message(bytes)).toMatch(expected);
});
