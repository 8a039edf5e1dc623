// Pickles that want to run code, that lie, or that would cost too much: each ends in an error that says where and what.

import { expect, test } from "vitest";
import { isAppError } from "../../../../src/protocol/app-error.ts";
import { memorySource } from "../../../../src/weights/memory-source.ts";
import { openTorchCheckpoint } from "../../../../src/weights/pickle/torch-checkpoint.ts";
import * as build from "./build-pickle.ts";
import { torchZip } from "./build-zip.ts";

const { globalOf, text, tupleOf, tensorOf, dictOf, storageOf, int, pickleOf } = build;

async function failure(pickle: Uint8Array): Promise<{ message: string; where: string; got: string }> {
  const error: unknown = await openTorchCheckpoint(memorySource(torchZip(pickle), "model.ckpt")).catch(
    (caught: unknown) => caught,
  );
  if (!isAppError(error, "FileFormat")) throw error instanceof Error ? error : new Error("it was opened");
  const { where, expected, got } = error.details;
  expect(error.message).toMatch(/^model\.ckpt /);
  if (where === undefined || expected === undefined || got === undefined)
    throw new Error("a detail is missing");
  return { message: error.message, where, got };
}

const command = tupleOf(text("echo owned"));
const good = dictOf({ weight: tensorOf() });

test("the tensors these tests start from are accepted", async () => {
  const { tensors } = await openTorchCheckpoint(memorySource(torchZip(pickleOf(good)), "model.ckpt"));
  expect([...tensors.values()]).toMatchObject([{ key: "weight", dtype: "F32", shape: [2] }]);
});

const refusedGlobals: readonly (readonly [string, string])[] = [
  ["os", "system"],
  ["posix", "system"],
  ["nt", "system"],
  ["subprocess", "Popen"],
  ["builtins", "eval"],
  ["builtins", "exec"],
  ["builtins", "getattr"],
  ["builtins", "__import__"],
  ["__builtin__", "eval"],
  ["__main__", "Model"],
  ["importlib", "import_module"],
  ["operator", "attrgetter"],
  ["functools", "partial"],
  ["copyreg", "_reconstructor"],
  ["runpy", "_run_code"],
  ["webbrowser", "open"],
  ["torch", "load"],
  ["torch.hub", "load"],
  ["torch.storage", "_load_from_bytes"],
  ["torch._utils", "_rebuild_qtensor"],
  ["torch", "ComplexFloatStorage"],
  ["torchvision.models", "resnet18"],
  ["torch.nnx", "Linear"],
  // A path from a harmless class to its globals.
  ["torch.nn.modules.linear", "Linear.__init__.__globals__"],
  ["torch.nn.modules.linear", ""],
  ["collections", "OrderedDict.__class__"],
  ["constructor", "prototype"],
  ["__proto__", "toString"],
];

const ways: readonly (readonly [string, (module: string, name: string) => Uint8Array])[] = [
  ["REDUCE", (module, name) => pickleOf(globalOf(module, name), command, build.REDUCE)],
  ["NEWOBJ", (module, name) => pickleOf(globalOf(module, name), command, build.NEWOBJ)],
  [
    "STACK_GLOBAL",
    (module, name) => pickleOf(text(module), text(name), build.STACK_GLOBAL, command, build.REDUCE),
  ],
  [
    "no use at all",
    (module, name) => pickleOf(dictOf({ weight: tensorOf(), aside: globalOf(module, name) })),
  ],
];

for (const [way, pickle] of ways) {
  test.each(refusedGlobals)(`%s.%s, with ${way}, is refused by name`, async (module, name) => {
    const { message, got } = await failure(pickle(module, name));
    expect(got).toBe(JSON.stringify(`${module}.${name}`));
    expect(message).toContain("was refused");
    expect(message).toContain("Nothing in the file was run.");
  });
}

test.each([
  ["INST", [build.MARK, ...text("echo"), 0x69, ...new TextEncoder().encode("os\nsystem\n")]],
  ["OBJ", [build.MARK, ...globalOf("torch.nn", "Linear"), ...text("echo"), 0x6f]],
  ["EXT1", [0x82, 1]],
  ["EXT2", [0x83, 1, 0]],
  ["EXT4", [0x84, 1, 0, 0, 0]],
  ["PERSID", [0x50, 0x30, 0x0a]],
  ["NEXT_BUFFER", [0x97]],
  ["READONLY_BUFFER", [build.NONE, 0x98]],
  ["DUP", [build.NONE, 0x32]],
  ["GET", [0x67, 0x30, 0x0a]],
])("the opcode %s is refused by name", async (name, bytes) => {
  const { message, got } = await failure(pickleOf(bytes));
  expect(got).toContain(name);
  expect(message).toContain("was refused");
});

const repeated = (count: number, ...bytes: readonly number[]): number[] =>
  Array.from({ length: count }, () => bytes).flat();

/** Each list holds the one before it ten times. */
const laughs = [
  build.EMPTY_LIST,
  ...Array.from({ length: 20 }, (_, index) => [
    ...build.put(index),
    ...[build.MARK, ...repeated(10, ...build.get(index)), build.LIST],
  ]).flat(),
];

test.each<readonly [string, readonly (number | readonly number[])[], RegExp]>([
  ["an unknown opcode", [0xff], /byte 2 \(opcode\).*0xff/],
  ["protocol 9", [[0x80, 9]], /protocol 5 or older, got 9/],
  ["an empty stack at STOP", [], /a value on the stack/],
  ["REDUCE with nothing to call", [build.REDUCE], /a value on the stack/],
  ["REDUCE of a string", [text("os.system"), command, build.REDUCE], /a global to call, got a string/],
  ["REDUCE without a tuple", [globalOf("torch", "Size"), build.NONE, build.REDUCE], /arguments in a tuple/],
  ["a call of a dtype", [globalOf("torch", "float32"), command, build.REDUCE], /a global that can be called/],
  ["a mark that is missing", [build.TUPLE], /a mark on the stack/],
  ["a pop through a mark", [build.NONE, build.MARK, build.TUPLE1], /a value on the stack/],
  ["a memo index that was never set", [build.get(7)], /memorized, got index 7/],
  ["SETITEMS with a key alone", [build.EMPTY_DICT, build.MARK, build.NONE, build.SETITEMS], /in pairs/],
  [
    "SETITEM on a list",
    [build.EMPTY_LIST, build.NONE, build.NONE, build.SETITEM],
    /a dict to fill, got a list/,
  ],
  ["APPEND to a dict", [build.EMPTY_DICT, build.NONE, build.APPEND], /a list to fill, got a dict/],
  [
    "BUILD on a tensor",
    [tensorOf(), build.EMPTY_DICT, build.BUILD],
    /an object to give a state, got a tensor/,
  ],
  ["STACK_GLOBAL of numbers", [int(1), int(2), build.STACK_GLOBAL], /named by two strings/],
  ["a global's name without an end", [0x63, repeated(600, 0x61)], /a line of at most 512 bytes/],
  ["a string longer than the file", [0x58, build.uint32(0xfffffff0)], /data\.pkl should be ended by STOP/],
  ["a string of 2^63 bytes", [0x8d, build.uint64(2n ** 63n)], /a length within the file/],
  ["a string that is not UTF-8", [0x8c, 2, 0xc3, 0x28], /UTF-8 text/],
  ["a huge integer", [0x8b, build.uint32(1_000_000)], /an integer of at most 32 bytes, got 1000000/],
  ["a frame behind the end", [0x95, build.uint64(1_000_000)], /data\.pkl should be ended by STOP/],
  ["a frame that ends within a string", [0x95, build.uint64(3), text("weight")], /within its frame/],
  ["a frame within a frame", [0x95, build.uint64(10), 0x95, build.uint64(1)], /no frame within a frame/],
  ["a million dicts", [repeated(200_000, build.EMPTY_DICT)], /at most 1000000 operations/],
  ["a million nothings", [repeated(1_000_001, build.NONE)], /at most 1000000 operations/],
  ["lists that hold lists that hold lists", [laughs], /at most 1000000 values|nested at most 64/],
  [
    "a list that holds itself",
    [build.EMPTY_LIST, build.put(0), build.get(0), build.APPEND],
    /nested at most 64/,
  ],
  [
    "a state dict that wraps itself",
    [build.EMPTY_DICT, build.put(0), text("state_dict"), build.get(0), build.SETITEM],
    /nested at most 64/,
  ],
  [
    "one list copied over and over",
    [
      ...[build.EMPTY_LIST, build.put(0), build.MARK],
      ...repeated(2000, ...tupleOf(text("a"), [build.NONE])),
      ...[
        0x65,
        repeated(
          1000,
          ...globalOf("collections", "OrderedDict"),
          ...build.get(0),
          build.TUPLE1,
          build.REDUCE,
        ),
      ],
    ],
    /at most 1000000 operations/,
  ],
  ["no tensor", [dictOf({ weight: int(1) })], /tensors with names, got none/],
  ["a tensor without a name", [tensorOf()], /named, got no name/],
  ["a very long name", [dictOf({ ["a".repeat(2000)]: tensorOf() })], /at most 1024 characters/],
  [
    "two tensors of one name",
    [dictOf({ "a.b": tensorOf(), a: dictOf({ b: tensorOf() }) })],
    /"a\.b" should be the only one of its name/,
  ],
  ["a negative offset", [dictOf({ w: tensorOf({ offset: int(-1) }) })], /an offset of at least 0, got -1/],
  ["a negative size", [dictOf({ w: tensorOf({ shape: [-2] }) })], /of whole numbers of at least 0, got -2/],
  [
    "a size that is a string",
    [globalOf("torch", "Size"), tupleOf([]), build.REDUCE],
    /in a tuple, got nothing/,
  ],
  [
    "17 dimensions",
    [dictOf({ w: tensorOf({ shape: Array<number>(17).fill(1), strides: Array<number>(17).fill(1) }) })],
    /at most 16 dimensions, got 17/,
  ],
  [
    "fewer strides than dimensions",
    [dictOf({ w: tensorOf({ shape: [1, 2] }) })],
    /2 strides, as many as dimensions/,
  ],
  [
    "a tensor larger than its storage",
    [dictOf({ w: tensorOf({ shape: [3] }) })],
    /its storage's 8 bytes, got an end at 12/,
  ],
  [
    "a tensor behind its storage",
    [dictOf({ w: tensorOf({ offset: int(1) }) })],
    /its storage's 8 bytes, got an end at 12/,
  ],
  [
    "a shape of gigabytes",
    [dictOf({ w: tensorOf({ shape: [0x7fffffff], strides: [1] }) })],
    /its storage's 8 bytes, got an end at 8589934588/,
  ],
  [
    "a transposed tensor",
    [dictOf({ w: tensorOf({ storage: storageOf("0", 2), shape: [2, 2], strides: [1, 2] }) })],
    /"w" should be stored row by row.*strides \[1, 2\]/,
  ],
  ["a broadcast tensor", [dictOf({ w: tensorOf({ shape: [4], strides: [0] }) })], /strides \[0\]/],
  ["a conjugated tensor", [dictOf({ w: tensorOf({ metadata: dictOf({ conj: [0x88] }) }) })], /conjugated/],
  [
    "a storage that is not in the file",
    [dictOf({ w: tensorOf({ storage: storageOf("1", 2) }) })],
    /"1" should be in the ZIP/,
  ],
  [
    "a storage larger than its entry",
    [dictOf({ w: tensorOf({ storage: storageOf("0", 3) }) })],
    /12 bytes, got 8/,
  ],
  [
    "a storage of negative size",
    [dictOf({ w: tensorOf({ storage: storageOf("0", -2) }) })],
    /a number of elements of at least 0/,
  ],
  [
    "one storage of two sizes",
    [dictOf({ a: tensorOf(), b: tensorOf({ storage: storageOf("0", 3) }) })],
    /8 bytes, as storage "0" had before, got 12 bytes/,
  ],
  [
    "a storage key that climbs",
    [dictOf({ w: tensorOf({ storage: storageOf("../data.pkl", 2) }) })],
    /should be in the ZIP/,
  ],
  [
    "a storage of no class",
    [tupleOf(text("storage"), text("FloatStorage")), build.BINPERSID],
    /a storage's class/,
  ],
  ["a reference to something else", [tupleOf(text("url")), build.BINPERSID], /a reference to a storage/],
  ["a reference that is a string", [text("0"), build.BINPERSID], /a reference in a tuple/],
  [
    "a storage in place of a tensor",
    [globalOf("torch._utils", "_rebuild_parameter"), storageOf("0", 2), build.TUPLE1, build.REDUCE],
    /a parameter's tensor, got a storage/,
  ],
])("%s is an error", async (_, parts, expected) => {
  const started = performance.now();
  const { message } = await failure(pickleOf(...parts));
  expect(message).toMatch(expected);
  expect(performance.now() - started).toBeLessThan(MAX_MILLISECONDS);
});

// On a busy machine; the dearest of them takes some 100 ms alone.
const MAX_MILLISECONDS = 5000;

test("an inert class is kept without being looked into", async () => {
  const callback = [...globalOf("pytorch_lightning.callbacks", "Timer"), ...tupleOf(), build.NEWOBJ];
  const pickle = pickleOf(dictOf({ state_dict: good, callbacks: [...callback, ...dictOf({}), build.BUILD] }));
  const { tensors } = await openTorchCheckpoint(memorySource(torchZip(pickle), "model.ckpt"));
  expect([...tensors.keys()]).toEqual(["weight"]);
});
