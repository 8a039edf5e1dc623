// The legacy form where torch's own files do not reach: old views, classes with their source, long pickles, and lies.

import { expect, test } from "vitest";
import { isAppError } from "../../../../src/protocol/app-error.ts";
import { memorySource } from "../../../../src/weights/memory-source.ts";
import { openTorchCheckpoint } from "../../../../src/weights/pickle/torch-checkpoint.ts";
import { countingSource } from "../../../support/counting-source.ts";
import * as build from "./build-pickle.ts";

const { dictOf, globalOf, int, pickleOf, storageOf, tensorOf, text, tupleOf } = build;

interface LegacyParts {
  readonly magic?: Uint8Array;
  readonly version?: number;
  readonly object?: readonly number[];
  readonly keys?: readonly number[];
  /** Number of elements as written, and what follows. */
  readonly storages?: readonly (readonly [number, Uint8Array])[];
}

const storage = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
const keysOf = (...keys: readonly string[]): number[] => [build.MARK, ...keys.flatMap(text), build.LIST];

function legacyFile({
  magic = build.TORCH_MAGIC,
  version = 1001,
  object = dictOf({ weight: tensorOf() }),
  keys = keysOf("0"),
  storages = [[2, storage]],
}: LegacyParts = {}): Uint8Array {
  const pickles = [magic, pickleOf(int(version)), pickleOf(dictOf({})), pickleOf(object), pickleOf(keys)];
  const data = storages.flatMap(([count, bytes]) => [Uint8Array.from(build.uint64(count)), bytes]);
  return Buffer.concat([...pickles, ...data]);
}

const open = (bytes: Uint8Array) => openTorchCheckpoint(memorySource(bytes, "model.pth"));

test("a storage is found behind the pickles", async () => {
  const { tensors, source } = await open(legacyFile());
  const { start, end } = tensors.get("weight")!;
  expect(source.readSync(start, end)).toEqual(storage);
});

test("a view of a storage starts where the view does", async () => {
  const view = tupleOf(text("view"), int(1), int(1));
  const weight = tensorOf({ storage: storageOf("0", 2, view), shape: [1] });
  const { tensors, source } = await open(legacyFile({ object: dictOf({ weight }) }));
  const { start, end } = tensors.get("weight")!;
  expect(source.readSync(start, end)).toEqual(storage.slice(4));
});

test("a class with its source is kept by name", async () => {
  const classWithSource = [
    ...tupleOf(text("module"), globalOf("torch.nn", "Linear"), text("linear.py"), text("import os")),
    build.BINPERSID,
  ];
  const state = dictOf({
    _parameters: dictOf({ weight: tensorOf() }),
    _buffers: dictOf({}),
    _modules: dictOf({}),
  });
  const object = [...classWithSource, build.EMPTY_TUPLE, build.NEWOBJ, ...state, build.BUILD];
  const { tensors } = await open(legacyFile({ object }));
  expect([...tensors.keys()]).toEqual(["weight"]);
});

test("pickles longer than the first read are read whole, and the storages behind them are not", async () => {
  const object = dictOf({
    notes: text("n".repeat(700_000)),
    weight: tensorOf({ storage: storageOf("0", 2 ** 20) }),
  });
  const file = legacyFile({ object, storages: [[2 ** 20, new Uint8Array(2 ** 22)]] });
  const source = countingSource(memorySource(file, "model.pth"));
  const { tensors } = await openTorchCheckpoint(source);
  expect(tensors.get("weight")).toMatchObject({ shape: [2], end: file.length - 2 ** 22 + 8 });
  expect(source.bytesRead).toBeLessThan(2_000_000);
});

test.each<readonly [string, Uint8Array, RegExp]>([
  ["a pickle that torch did not write", pickleOf(dictOf({ weight: int(1) })), /begun as torch\.save does/],
  [
    "another magic number",
    legacyFile({ magic: pickleOf([0x8a, 10, ...Array<number>(10).fill(1)]) }),
    /magic number should be torch's .*, got \d/,
  ],
  ["another version", legacyFile({ version: 1002 }), /format version should be torch's 1001, got 1002/],
  [
    "a cut pickle",
    legacyFile().slice(0, 90),
    /at least 9\d bytes long, got 90 bytes \(the file is truncated\)/,
  ],
  ["a cut storage", legacyFile().slice(0, -1), /bytes long, as its storages say/],
  [
    "bytes behind the storages",
    legacyFile({
      storages: [
        [2, storage],
        [0, storage],
      ],
    }),
    /as its storages say/,
  ],
  ["a count that lies", legacyFile({ storages: [[3, storage]] }), /storage "0" should be 2 elements, got 3/],
  ["storages without a list", legacyFile({ keys: dictOf({}) }), /storage keys should be a list, got a dict/],
  [
    "a list of numbers",
    legacyFile({ keys: [build.MARK, ...int(0), build.LIST] }),
    /should be strings, got a number/,
  ],
  ["a storage that nothing refers to", legacyFile({ keys: keysOf("0", "1") }), /"1" should be referred to/],
  ["a storage that is not listed", legacyFile({ keys: keysOf() }), /"0" should be in the list of storages/],
  ["a storage that is listed twice", legacyFile({ keys: keysOf("0", "0") }), /"0" should be listed once/],
  [
    "a view outside its storage",
    legacyFile({
      object: dictOf({ w: tensorOf({ storage: storageOf("0", 2, tupleOf(text("v"), int(1), int(2))) }) }),
    }),
    /a view within 2 elements/,
  ],
  [
    "a pickle of 17 MB",
    legacyFile({ object: [0x58, ...build.uint32(2 ** 30)], storages: [[0, new Uint8Array(17 * 2 ** 20)]] }),
    /truncated/,
  ],
  [
    "a pickle that never ends",
    Buffer.concat([build.TORCH_MAGIC, new Uint8Array(17 * 2 ** 20).fill(0x4e)]),
    /at most 1000000 operations/,
  ],
  [
    "a command",
    legacyFile({ object: [...globalOf("os", "system"), ...tupleOf(text("echo")), build.REDUCE] }),
    /"os\.system"/,
  ],
])("%s is an error", async (_, bytes, expected) => {
  const error: unknown = await open(bytes).catch((caught: unknown) => caught);
  if (!isAppError(error, "FileFormat")) throw error instanceof Error ? error : new Error("it was opened");
  expect(error.message).toMatch(expected);
});
