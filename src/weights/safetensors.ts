// Opens .safetensors files: reads and validates the header, and nothing behind it. Knows no model.
// Format: header length (u64, little-endian), JSON header, then the tensors' bytes without gaps.

import type { ByteSource } from "./byte-source.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { byteSizes, isDType } from "./dtypes.ts";
import { fileFormatError, quoted, type FormatFault } from "./file-format.ts";
import { JsonSyntaxError, parseStrictJson, type JsonObject, type JsonValue } from "./strict-json.ts";
import type { TensorInfo } from "./tensor-info.ts";

const LENGTH_BYTES = 8;
// The format's own cap; published checkpoints stay below 1 MB.
const MAX_HEADER_BYTES = 100_000_000;
const METADATA_KEY = "__metadata__";
// More than any published tensor has; keeps a hostile shape from making the messages and graphs large.
const MAX_RANK = 16;

/** @throws AppError FileFormat that names the part of the file, what was expected and what was got. */
export async function openSafetensors(source: ByteSource): Promise<Checkpoint> {
  if (source.byteLength < LENGTH_BYTES) {
    throw fileFormatError(source.name, {
      where: "the file",
      expected: `at least ${LENGTH_BYTES} bytes long`,
      got: `${source.byteLength} bytes`,
    });
  }
  const length = readHeaderLength(await source.read(0, LENGTH_BYTES), source);
  const dataStart = LENGTH_BYTES + length;
  const header = parseHeader(await source.read(LENGTH_BYTES, dataStart), source.name);
  const { tensors, metadata } = readEntries(header, dataStart, source.name);
  checkLayout(tensors, dataStart, source);
  return { source, tensors: new Map(tensors.map((tensor) => [tensor.key, tensor])), metadata };
}

function readHeaderLength(bytes: Uint8Array, source: ByteSource): number {
  const length = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  const inFile = source.byteLength - LENGTH_BYTES;
  const fault = (expected: string): Error =>
    fileFormatError(source.name, { where: "header length", expected, got: `${length} bytes` });
  if (length > BigInt(MAX_HEADER_BYTES)) throw fault(`at most ${MAX_HEADER_BYTES} bytes`);
  if (length > BigInt(inFile)) throw fault(`at most the ${inFile} bytes that follow (the file is truncated)`);
  if (length < 2n) throw fault("at least 2 bytes");
  return Number(length);
}

function parseHeader(bytes: Uint8Array, file: string): JsonObject {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw fileFormatError(file, { where: "header", expected: "UTF-8 text", got: "other bytes" }, { cause });
  }
  let value: JsonValue;
  try {
    value = parseStrictJson(text);
  } catch (cause) {
    if (!(cause instanceof JsonSyntaxError)) throw cause;
    const got =
      cause.position < text.length ? quoted(text.slice(cause.position, cause.position + 20)) : "its end";
    const fault = { where: `header, character ${cause.position}`, expected: cause.expected, got };
    throw fileFormatError(file, fault, { cause });
  }
  if (value instanceof Map) return value as JsonObject;
  throw fileFormatError(file, { where: "header", expected: "a JSON object", got: kindOf(value) });
}

function readEntries(
  header: JsonObject,
  dataStart: number,
  file: string,
): { tensors: TensorInfo[]; metadata: ReadonlyMap<string, string> } {
  const tensors: TensorInfo[] = [];
  let metadata: ReadonlyMap<string, string> = new Map();
  for (const [key, value] of header) {
    if (key === METADATA_KEY) metadata = readMetadata(value, file);
    else tensors.push(readTensorInfo(key, value, dataStart, file));
  }
  // In file order, so that whoever loads everything reads forward. Empty tensors sort before what starts where they end.
  tensors.sort((a, b) => a.start - b.start || a.end - b.end);
  return { tensors, metadata };
}

function readMetadata(value: JsonValue, file: string): ReadonlyMap<string, string> {
  if (!(value instanceof Map)) {
    throw fileFormatError(file, {
      where: METADATA_KEY,
      expected: "an object of strings",
      got: kindOf(value),
    });
  }
  const entries = value as JsonObject;
  for (const [key, item] of entries) {
    if (typeof item === "string") continue;
    throw fileFormatError(file, {
      where: `${METADATA_KEY}, entry ${quoted(key)}`,
      expected: "a string",
      got: kindOf(item),
    });
  }
  return entries as ReadonlyMap<string, string>;
}

function readTensorInfo(key: string, value: JsonValue, dataStart: number, file: string): TensorInfo {
  const refuse = (field: string, expected: string, got: string): never => {
    const fault: FormatFault = { where: `tensor ${quoted(key)}${field}`, expected, got };
    throw fileFormatError(file, fault);
  };
  if (!(value instanceof Map)) return refuse("", "an object", kindOf(value));
  const entry = value as JsonObject;
  const dtype = entry.get("dtype");
  if (typeof dtype !== "string") return refuse(", dtype", "a string", kindOf(dtype));
  if (!isDType(dtype)) return refuse(", dtype", `one of ${Object.keys(byteSizes).join(", ")}`, quoted(dtype));

  const shape = naturals(entry.get("shape"));
  if (!shape) return refuse(", shape", "a list of whole numbers of at least 0", describe(entry.get("shape")));
  if (shape.length > MAX_RANK) return refuse(", shape", `at most ${MAX_RANK} dimensions`, `${shape.length}`);

  const offsets = naturals(entry.get("data_offsets"));
  if (!offsets || offsets.length !== 2 || offsets[0] > offsets[1]) {
    return refuse(", data_offsets", "two ascending whole numbers", describe(entry.get("data_offsets")));
  }
  const [begin, end] = offsets;
  // Inexact above 2^53, but then it differs from any possible length all the same.
  const expected = shape.reduce((product, size) => product * size, byteSizes[dtype]);
  if (end - begin !== expected) {
    return refuse(
      ", data_offsets",
      `${expected} bytes apart (${dtype} [${shape.join(", ")}])`,
      `${end - begin}`,
    );
  }
  return { key, dtype, shape, start: dataStart + begin, end: dataStart + end };
}

/** Tensors in file order must follow one another without gap or overlap, from the header's end to the file's. */
function checkLayout(tensors: readonly TensorInfo[], dataStart: number, source: ByteSource): void {
  let position = dataStart;
  for (const tensor of tensors) {
    if (tensor.end > source.byteLength) {
      throw fileFormatError(source.name, {
        where: `tensor ${quoted(tensor.key)}`,
        expected: `inside the file's ${source.byteLength} bytes`,
        got: `bytes ${tensor.start} to ${tensor.end} (the file is truncated or its offsets are wrong)`,
      });
    }
    if (tensor.start !== position) {
      throw fileFormatError(source.name, {
        where: `tensor ${quoted(tensor.key)}`,
        expected: `stored from byte ${position} on, where the one before it ends`,
        got: `byte ${tensor.start} (${tensor.start < position ? "tensors overlap" : "a gap"})`,
      });
    }
    position = tensor.end;
  }
  if (position !== source.byteLength) {
    throw fileFormatError(source.name, {
      where: "the file",
      expected: `${position} bytes long, as its header says`,
      got: `${source.byteLength} bytes`,
    });
  }
}

function naturals(value: JsonValue | undefined): readonly number[] | undefined {
  if (!Array.isArray(value)) return undefined;
  return value.every((item) => Number.isSafeInteger(item) && item >= 0 && !Object.is(item, -0))
    ? (value as readonly number[])
    : undefined;
}

function kindOf(value: JsonValue | undefined): string {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  if (value instanceof Map) return "an object";
  return Array.isArray(value) ? "a list" : `a ${typeof value}`;
}

function describe(value: JsonValue | undefined): string {
  return Array.isArray(value) && value.length <= MAX_RANK
    ? `[${value.map((item) => (typeof item === "object" ? kindOf(item as JsonValue) : String(item))).join(", ")}]`
    : kindOf(value);
}
