// torch's file form before 1.6: five pickles (magic number, version, machine, object, storage keys), then the storages, each after
// its number of elements. Reads the pickles and the last of those numbers. Not the tar form of 2016.

import type { ByteSource } from "../byte-source.ts";
import { fileFormatError, quoted } from "../file-format.ts";
import { PickleTruncated } from "./pickle-fault.ts";
import { runPickle } from "./pickle-machine.ts";
import { isKind, kindOfPickle } from "./pickle-values.ts";
import type { PickleValue } from "./pickle-values.ts";
import type { TorchArchive } from "./torch-archive.ts";
import { createTorchHost } from "./torch-storages.ts";
import type { StoredBytes } from "./torch-storages.ts";

const MAGIC = 0x1950a86a20f9469cfc6cn;
const FILE_VERSION = 1001;
// How long the pickles are is known when they end. Those of upscalers fit into the first window.
const FIRST_WINDOW_BYTES = 256 * 1024;
// As for data.pkl in the ZIP form.
const MAX_PICKLE_BYTES = 16 * 1024 * 1024;
const COUNT_BYTES = 8;

export async function openTorchLegacy(source: ByteSource): Promise<TorchArchive> {
  const { value, keys, storages, end } = await readPickles(source);
  const starts = layOut(keys, storages, end, source);
  await checkLastCount(source, keys, storages, starts);
  return {
    value,
    locate: (key) => {
      const start = starts.get(key);
      // `layOut` refuses files whose list of storages lacks one that the object refers to.
      if (start === undefined) throw new Error(`storage ${key} was never referred to`);
      return Promise.resolve(start);
    },
  };
}

interface Pickles {
  readonly value: PickleValue;
  readonly keys: readonly string[];
  readonly storages: ReadonlyMap<string, StoredBytes>;
  readonly end: number;
}

async function readPickles(source: ByteSource): Promise<Pickles> {
  const most = Math.min(source.byteLength, MAX_PICKLE_BYTES);
  let window = Math.min(most, FIRST_WINDOW_BYTES);
  for (;;) {
    const bytes = await source.read(0, window);
    try {
      return runPickles(bytes, source.name);
    } catch (error) {
      if (!(error instanceof PickleTruncated)) throw error;
      if (error.needed > most) throw tooLong(source, error);
      window = Math.min(most, Math.max(error.needed, window * 4));
    }
  }
}

function tooLong(source: ByteSource, { needed }: PickleTruncated): Error {
  return needed > source.byteLength
    ? fileFormatError(source.name, {
        where: "the file",
        expected: `at least ${needed} bytes long`,
        got: `${source.byteLength} bytes (the file is truncated)`,
      })
    : fileFormatError(source.name, {
        where: "its pickles",
        expected: `at most ${MAX_PICKLE_BYTES} bytes`,
        got: "more",
      });
}

function runPickles(bytes: Uint8Array, file: string): Pickles {
  const host = createTorchHost();
  let end = 0;
  const next = (part: string): PickleValue => {
    const result = runPickle({ bytes, start: end, file, part, host });
    end = result.end;
    return result.value;
  };
  const expect = (part: string, expected: number | bigint): void => {
    const got = next(part);
    if (got === expected) return;
    const shown = typeof got === "number" || typeof got === "bigint" ? `${got}` : kindOfPickle(got);
    throw fileFormatError(file, { where: part, expected: `torch's ${expected}`, got: shown });
  };
  expect("magic number", MAGIC);
  expect("format version", FILE_VERSION);
  // Sizes of C's types where it was written. The storages are little-endian whatever it says.
  next("machine description");
  const value = next("object");
  const keys = readKeys(next("storage keys"), file);
  return { value, keys, storages: host.storages, end };
}

function readKeys(value: PickleValue, file: string): readonly string[] {
  const where = "storage keys";
  if (!isKind(value, "list"))
    throw fileFormatError(file, { where, expected: "a list", got: kindOfPickle(value) });
  return value.items.map((item) => {
    if (typeof item === "string") return item;
    throw fileFormatError(file, { where, expected: "strings", got: kindOfPickle(item) });
  });
}

/** Storages follow the pickles and one another without a gap, up to the end of the file. */
function layOut(
  keys: readonly string[],
  storages: ReadonlyMap<string, StoredBytes>,
  end: number,
  source: ByteSource,
): ReadonlyMap<string, number> {
  const starts = new Map<string, number>();
  let position = end;
  for (const key of keys) {
    const bytes = storages.get(key)?.byteLength;
    const where = `storage ${quoted(key)}`;
    if (bytes === undefined) {
      throw fileFormatError(source.name, {
        where,
        expected: "referred to by the object",
        got: "no reference",
      });
    }
    if (starts.has(key)) {
      throw fileFormatError(source.name, { where, expected: "listed once", got: "listed again" });
    }
    starts.set(key, position + COUNT_BYTES);
    position += COUNT_BYTES + bytes;
  }
  const missing = [...storages.keys()].find((key) => !starts.has(key));
  if (missing !== undefined) {
    throw fileFormatError(source.name, {
      where: `storage ${quoted(missing)}`,
      expected: "in the list of storages",
      got: "no mention",
    });
  }
  if (position !== source.byteLength) {
    throw fileFormatError(source.name, {
      where: "the file",
      expected: `${position} bytes long, as its storages say`,
      got: `${source.byteLength} bytes`,
    });
  }
  return starts;
}

/** The lengths add up to the file's; one look at the far end shows that they also come in this order. */
async function checkLastCount(
  source: ByteSource,
  keys: readonly string[],
  storages: ReadonlyMap<string, StoredBytes>,
  starts: ReadonlyMap<string, number>,
): Promise<void> {
  const key = keys.at(-1);
  if (key === undefined) return;
  const start = starts.get(key) as number;
  const { byteLength, elementBytes } = storages.get(key) as StoredBytes;
  const bytes = await source.read(start - COUNT_BYTES, start);
  const count = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  if (count === BigInt(byteLength / elementBytes)) return;
  throw fileFormatError(source.name, {
    where: `storage ${quoted(key)}`,
    expected: `${byteLength / elementBytes} elements`,
    got: `${count}`,
  });
}
