// Wire bytes of the protobuf encoding, by hand from its specification.

import { expect, test } from "vitest";
import { ProtobufWriter } from "../../../src/onnx/protobuf-writer.ts";

const hex = (writer: ProtobufWriter): string => Buffer.from(writer.finish()).toString("hex");

test.each([
  ["0", 0, "0800"],
  ["127, the last of one byte", 127, "087f"],
  ["128, the first of two", 128, "088001"],
  ["150", 150, "089601"],
  ["2^32", 2 ** 32, "088080808010"],
  ["the largest safe integer", Number.MAX_SAFE_INTEGER, "08ffffffffffffff0f"],
  ["-1 as 64-bit two's complement", -1, "08ffffffffffffffffff01"],
])("varint() writes %s", (_, value, expected) => {
  expect(hex(new ProtobufWriter().varint(1, value))).toBe(expected);
});

test("field numbers above 15 take two bytes", () => {
  expect(hex(new ProtobufWriter().varint(20, 1))).toBe("a00101");
});

test("string() writes UTF-8 with its length in bytes", () => {
  expect(hex(new ProtobufWriter().string(2, "σ"))).toBe("1202cf83");
});

test("float() writes four little-endian bytes", () => {
  expect(hex(new ProtobufWriter().float(2, 1.5))).toBe("150000c03f");
});

test("message() nests with its length", () => {
  expect(hex(new ProtobufWriter().message(3, (inner) => inner.varint(1, 150)))).toBe("1a03089601");
});

test("a message larger than the first buffer keeps every byte", () => {
  const payload = Uint8Array.from({ length: 100_000 }, (_, i) => i % 251);
  const bytes = new ProtobufWriter().varint(1, 7).bytes(2, payload).float(3, 1).finish();
  expect([...bytes.subarray(0, 6)]).toEqual([0x08, 7, 0x12, 0xa0, 0x8d, 0x06]);
  expect(Buffer.compare(bytes.subarray(6, 100_006), payload)).toBe(0);
  expect(bytes.length).toBe(100_006 + 5);
});
