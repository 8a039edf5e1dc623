// Opening .safetensors files: what is accepted, and the named error of every way a file can be broken.

import { describe, expect, test } from "vitest";
import { isAppError } from "../../../src/protocol/app-error.ts";
import { memorySource } from "../../../src/weights/memory-source.ts";
import { openSafetensors } from "../../../src/weights/safetensors.ts";
import { writeSafetensors, type TensorToWrite } from "../../../src/weights/write-safetensors.ts";
import { countingSource } from "../../support/counting-source.ts";

/** A file with this header text (and length field, where it should lie) and this many zero bytes behind it. */
function fileOf(header: string | Uint8Array, dataBytes = 0, length?: bigint): Uint8Array<ArrayBuffer> {
  const json = typeof header === "string" ? new TextEncoder().encode(header) : header;
  const file = new Uint8Array(8 + json.length + dataBytes);
  new DataView(file.buffer).setBigUint64(0, length ?? BigInt(json.length), true);
  file.set(json, 8);
  return file;
}

const tensor = (shape: number[], start: number, end: number, dtype = "F32"): string =>
  JSON.stringify({ dtype, shape, data_offsets: [start, end] });

const open = (file: Uint8Array) => openSafetensors(memorySource(file, "file.safetensors"));

describe("a well-formed file", () => {
  test("gives its tensors in file order with absolute ranges", async () => {
    const header = `{"b":${tensor([2], 4, 12)},"a":${tensor([1, 1], 0, 4)},"__metadata__":{"format":"pt"}}`;
    const { tensors, metadata } = await open(fileOf(header, 12));
    const start = 8 + header.length;
    expect([...tensors.values()]).toEqual([
      { key: "a", dtype: "F32", shape: [1, 1], start, end: start + 4 },
      { key: "b", dtype: "F32", shape: [2], start: start + 4, end: start + 12 },
    ]);
    expect([...metadata]).toEqual([["format", "pt"]]);
  });

  test("may hold scalars, empty tensors, padding, escapes and fields of later versions", async () => {
    const header = ` {"s" :${tensor([], 0, 4)}, "\\u00e9\\"" : ${tensor([0, 7], 4, 4)},"z":{"dtype":"U8","shape":[1],"data_offsets":[4,5],"x":[null,true,{}]}}\n   `;
    const { tensors } = await open(fileOf(header, 5));
    expect([...tensors.keys()]).toEqual(["s", 'é"', "z"]);
  });

  test("may hold nothing", async () => {
    const { tensors, metadata } = await open(fileOf("{}"));
    expect(tensors.size + metadata.size).toBe(0);
  });

  test("cannot reach a prototype through its keys", async () => {
    const header = `{"__proto__":${tensor([1], 0, 4)},"constructor":${tensor([1], 4, 8)},"__metadata__":{"__proto__":"x","toString":"y"}}`;
    const { tensors, metadata } = await open(fileOf(header, 8));
    expect([...tensors.keys()]).toEqual(["__proto__", "constructor"]);
    expect([...metadata]).toEqual([
      ["__proto__", "x"],
      ["toString", "y"],
    ]);
    expect(({} as Record<string, unknown>).dtype).toBeUndefined();
  });

  test("is read up to the end of its header, whatever lies behind", async () => {
    const source = countingSource(memorySource(fileOf(`{"a":${tensor([1000], 0, 4000)}}`, 4000), "a"));
    await openSafetensors(source);
    expect(source.bytesRead).toBe(source.byteLength - 4000);
  });

  test("may carry megabytes of metadata", async () => {
    const text = 'a \\" "'.repeat(500_000);
    const header = JSON.stringify({ __metadata__: { ss_tag_frequency: text } });
    const { metadata } = await open(fileOf(header));
    expect(metadata.get("ss_tag_frequency")).toBe(text);
  });
});

describe("a broken file is refused by name", () => {
  const a = `"a":${tensor([1], 0, 4)}`;
  const cases: readonly [string, Uint8Array, string, RegExp][] = [
    ["empty", new Uint8Array(0), "the file", /at least 8 bytes long, got 0 bytes/],
    ["shorter than its length field", new Uint8Array(7), "the file", /got 7 bytes/],
    ["header cut off", fileOf("{}", 0, 3n), "header length", /at most the 2 bytes that follow.*got 3 bytes/],
    [
      "header above the cap",
      fileOf("{}", 0, 100_000_001n),
      "header length",
      /at most 100000000 bytes, got 100000001/,
    ],
    [
      "header length of all ones",
      fileOf("{}", 0, 2n ** 64n - 1n),
      "header length",
      /got 18446744073709551615 bytes/,
    ],
    ["header of no bytes", fileOf("", 8), "header length", /at least 2 bytes, got 0/],
    [
      "an HTML page",
      new TextEncoder().encode("<!DOCTYPE html><html></html>"),
      "header length",
      /got 5789751444030890300/,
    ],
    ["not UTF-8", fileOf(Uint8Array.of(0x7b, 0xff, 0x7d)), "header", /UTF-8 text/],
    ["a byte order mark", fileOf("\ufeff{}"), "header, character 0", /a value/],
    ["not JSON", fileOf("hello"), "header, character 0", /a value, got "hello"/],
    ["a list", fileOf("[]"), "header", /a JSON object, got a list/],
    ["JSON cut off", fileOf(`{${a}`, 4), `header, character ${a.length + 1}`, /"," or "}", got its end/],
    ["a trailing comma", fileOf(`{${a},}`, 4), "header, character 54", /a key, got "}"/],
    ["text after the object", fileOf("{} x"), "header, character 3", /nothing more/],
    ["an unterminated string", fileOf('{"a\\"'), "header, character 1", /a closing quote/],
    ["a bad escape", fileOf('{"\\x":1}'), "header, character 1", /valid escapes/],
    [
      "nesting without end",
      fileOf('{"a":' + "[".repeat(100_000)),
      "header, character 20",
      /at most 16 levels/,
    ],
    ["a duplicate key", fileOf(`{${a},${a}}`, 4), "header, character 54", /no second key a/],
    [
      "a key written in two ways",
      fileOf(`{${a},"\\u0061":${tensor([1], 0, 4)}}`, 4),
      "header, character 54",
      /no second key a/,
    ],
    [
      "metadata that is no object",
      fileOf('{"__metadata__":"x"}'),
      "__metadata__",
      /an object of strings, got a string/,
    ],
    [
      "metadata that is no text",
      fileOf('{"__metadata__":{"x":1}}'),
      '__metadata__, entry "x"',
      /a string, got a number/,
    ],
    ["a tensor that is no object", fileOf('{"a":null}'), 'tensor "a"', /an object, got null/],
    [
      "no dtype",
      fileOf('{"a":{"shape":[],"data_offsets":[0,0]}}'),
      'tensor "a", dtype',
      /a string, got nothing/,
    ],
    [
      "an unknown dtype",
      fileOf(`{"a":${tensor([1], 0, 4, "C64")}}`, 4),
      'tensor "a", dtype',
      /one of F64, .*got "C64"/,
    ],
    [
      "a dtype of another world",
      fileOf(`{"a":${tensor([1], 0, 4, "toString")}}`, 4),
      'tensor "a", dtype',
      /got "toString"/,
    ],
    ["no shape", fileOf('{"a":{"dtype":"F32","data_offsets":[0,0]}}'), 'tensor "a", shape', /got nothing/],
    ["a negative dimension", fileOf(`{"a":${tensor([-1], 0, 4)}}`, 4), 'tensor "a", shape', /got \[-1\]/],
    [
      "a fractional dimension",
      fileOf(`{"a":${tensor([1.5], 0, 6)}}`, 6),
      'tensor "a", shape',
      /got \[1\.5\]/,
    ],
    [
      "a dimension above 2^53",
      fileOf(`{"a":{"dtype":"U8","shape":[9007199254740993],"data_offsets":[0,1]}}`, 1),
      'tensor "a", shape',
      /whole numbers/,
    ],
    [
      "a dimension as text",
      fileOf('{"a":{"dtype":"F32","shape":["1"],"data_offsets":[0,4]}}', 4),
      'tensor "a", shape',
      /whole numbers/,
    ],
    [
      "too many dimensions",
      fileOf(`{"a":${tensor(Array<number>(17).fill(1), 0, 4)}}`, 4),
      'tensor "a", shape',
      /at most 16 dimensions, got 17/,
    ],
    [
      "one offset",
      fileOf('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0]}}', 4),
      'tensor "a", data_offsets',
      /two ascending/,
    ],
    [
      "descending offsets",
      fileOf(`{"a":${tensor([1], 4, 0)}}`, 4),
      'tensor "a", data_offsets',
      /two ascending.*got \[4, 0\]/,
    ],
    [
      "fewer bytes than the shape takes",
      fileOf(`{"a":${tensor([2], 0, 4)}}`, 4),
      'tensor "a", data_offsets',
      /8 bytes apart \(F32 \[2\]\), got 4/,
    ],
    [
      "a product that overflows",
      fileOf(`{"a":${tensor([2 ** 40, 2 ** 40], 0, 4)}}`, 4),
      'tensor "a", data_offsets',
      /bytes apart/,
    ],
    ["tensors that overlap", fileOf(`{${a},"b":${tensor([1], 2, 6)}}`, 6), 'tensor "b"', /tensors overlap/],
    [
      "two tensors in one place",
      fileOf(`{${a},"b":${tensor([1], 0, 4)}}`, 4),
      'tensor "b"',
      /tensors overlap/,
    ],
    ["a gap between tensors", fileOf(`{${a},"b":${tensor([1], 5, 9)}}`, 9), 'tensor "b"', /a gap/],
    ["a gap before the first tensor", fileOf(`{"a":${tensor([1], 4, 8)}}`, 8), 'tensor "a"', /a gap/],
    [
      "weights cut off",
      fileOf(`{${a},"b":${tensor([2], 4, 12)}}`, 11),
      'tensor "b"',
      /inside the file's \d+ bytes, got bytes \d+ to \d+ \(the file is truncated/,
    ],
    ["bytes after the last tensor", fileOf(`{${a}}`, 5), "the file", /as its header says/],
  ];

  test.each(cases)("%s", async (_, file, where, message) => {
    const error: unknown = await open(file).catch((caught: unknown) => caught);
    expect(isAppError(error, "FileFormat"), String(error)).toBe(true);
    const { details, message: text } = error as { details: Record<string, string>; message: string };
    expect(details.file).toBe("file.safetensors");
    expect(details.where).toBe(where);
    expect(details.expected).toBeTruthy();
    expect(details.got).toBeTruthy();
    expect(text).toMatch(message);
    expect(text).toContain("file.safetensors");
    expect(text.length).toBeLessThan(500);
  });

  test("a source that shrinks between reads", async () => {
    const file = fileOf("{}  ");
    const shrinking = { ...memorySource(file.subarray(0, 9), "gone.safetensors"), byteLength: file.length };
    await expect(openSafetensors(shrinking)).rejects.toMatchObject({ name: "FileFormat" });
  });
});

describe("writeSafetensors", () => {
  const tensors = new Map<string, TensorToWrite>([
    ["latents", { dtype: "F32", shape: [1, 2], bytes: new Uint8Array(Float32Array.of(1.5, -2).buffer) }],
    ["ids", { dtype: "U8", shape: [3], bytes: Uint8Array.of(1, 2, 3) }],
    ["nothing", { dtype: "F16", shape: [0], bytes: new Uint8Array(0) }],
  ]);

  test("writes what the reader reads", async () => {
    const file = writeSafetensors(tensors, new Map([["note", "ünïcode"]]));
    const source = memorySource(file, "dump");
    const checkpoint = await openSafetensors(source);
    expect([...checkpoint.metadata]).toEqual([["note", "ünïcode"]]);
    expect(checkpoint.tensors.size).toBe(3);
    for (const [key, { dtype, shape, bytes }] of tensors) {
      const info = checkpoint.tensors.get(key);
      expect(info).toMatchObject({ dtype, shape });
      expect(source.readSync(info?.start ?? 0, info?.end ?? 0)).toEqual(bytes);
    }
    expect((checkpoint.tensors.get("latents")?.start ?? 1) % 8).toBe(0);
  });

  test("refuses bytes that are not the shape's", () => {
    const wrong = new Map<string, TensorToWrite>([
      ["x", { dtype: "F32", shape: [2], bytes: new Uint8Array(4) }],
    ]);
    expect(() => writeSafetensors(wrong)).toThrow("x: F32 [2] takes 8 bytes, got 4.");
  });
});
