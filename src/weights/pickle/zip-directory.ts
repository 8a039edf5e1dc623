// Reads a ZIP file's directory and finds where stored entries lie. Decompresses nothing: torch stores its entries as they are.
// Format: PKWARE's APPNOTE 6.3; zip64 included, encryption, spanning and compression refused.

import type { ByteSource } from "../byte-source.ts";
import { fileFormatError, quoted } from "../file-format.ts";

const LOCAL_SIGNATURE = 0x04034b50;
const CENTRAL_SIGNATURE = 0x02014b50;
const END_SIGNATURE = 0x06054b50;
const END64_SIGNATURE = 0x06064b50;
const LOCATOR64_SIGNATURE = 0x07064b50;
const LOCAL_BYTES = 30;
const CENTRAL_BYTES = 46;
const END_BYTES = 22;
const END64_BYTES = 56;
const LOCATOR64_BYTES = 20;
const MAX_COMMENT_BYTES = 0xffff; // its length is a u16
// Stable Diffusion 1.5 with EMA copies and optimizer state has 7,300 entries in 450 KB.
const MAX_DIRECTORY_BYTES = 8 * 1024 * 1024;
const MAX_ENTRIES = 100_000;
const ZIP64_EXTRA = 0x0001;
const IN_ZIP64_16 = 0xffff;
const IN_ZIP64_32 = 0xffffffff;
const FLAG_ENCRYPTED = 0x0001;
const FLAG_DESCRIPTOR = 0x0008;
// CRC and two sizes after the data, with or without a signature, in 32 or 64 bits.
const DESCRIPTOR_BYTES = [16, 24, 12, 20];
// torch pads every entry so that its data starts at a multiple of this (or of more).
const TORCH_ALIGNMENT = 64;

export interface ZipEntry {
  readonly name: string;
  /** 0 is stored as it is. */
  readonly method: number;
  readonly flags: number;
  /** Of its data in the file. */
  readonly storedBytes: number;
  readonly headerStart: number;
  /** Where the next entry, or the directory, begins. */
  readonly limit: number;
}

type Fault = (where: string, expected: string, got: string | number) => Error;

/** Entries by name, in file order. */
export async function readZipDirectory(source: ByteSource): Promise<ReadonlyMap<string, ZipEntry>> {
  const fault: Fault = (where, expected, got) =>
    fileFormatError(source.name, { where, expected, got: `${got}` });
  const { start, end, count } = await readEnd(source, fault);
  const bytes = await source.read(start, end);
  const entries = parseEntries(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), count, fault);
  return layOut(entries, start, fault);
}

interface DirectoryPlace {
  readonly start: number;
  readonly end: number;
  readonly count: number;
}

/** torch writes no comment, so that the few bytes that end its files say where the directory is. */
async function readEnd(source: ByteSource, fault: Fault): Promise<DirectoryPlace> {
  for (const comment of [0, MAX_COMMENT_BYTES]) {
    const tailStart = Math.max(0, source.byteLength - END64_BYTES - LOCATOR64_BYTES - END_BYTES - comment);
    const bytes = await source.read(tailStart, source.byteLength);
    const tail = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let at = tail.byteLength - END_BYTES; at >= 0; at--) {
      if (tail.getUint32(at, true) !== END_SIGNATURE) continue;
      if (at + END_BYTES + tail.getUint16(at + 20, true) !== tail.byteLength) continue;
      return parseEnd(source, tail, tailStart, at, fault);
    }
  }
  throw fault("the file", "ended by a ZIP directory", "none (the file is truncated)");
}

async function parseEnd(
  source: ByteSource,
  tail: DataView,
  tailStart: number,
  at: number,
  fault: Fault,
): Promise<DirectoryPlace> {
  let recordStart = tailStart + at;
  let count = tail.getUint16(at + 10, true);
  let size = tail.getUint32(at + 12, true);
  let start = tail.getUint32(at + 16, true);
  let [disk, directoryDisk] = [tail.getUint16(at + 4, true), tail.getUint16(at + 6, true)];

  const locatorAt = at - LOCATOR64_BYTES;
  if (locatorAt >= 0 && tail.getUint32(locatorAt, true) === LOCATOR64_SIGNATURE) {
    recordStart = uint64(tail, locatorAt + 8, "zip64 directory's place", fault);
    const bytes = await source.read(recordStart, recordStart + END64_BYTES);
    const record = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (record.getUint32(0, true) !== END64_SIGNATURE) {
      throw fault("zip64 directory's place", "where its signature is", "other bytes");
    }
    [disk, directoryDisk] = [record.getUint32(16, true), record.getUint32(20, true)];
    count = uint64(record, 32, "number of ZIP entries", fault);
    size = uint64(record, 40, "size of the ZIP directory", fault);
    start = uint64(record, 48, "place of the ZIP directory", fault);
  } else if (count === IN_ZIP64_16 || size === IN_ZIP64_32 || start === IN_ZIP64_32) {
    throw fault("ZIP directory", "followed by a zip64 record, as its sizes say", "none");
  }
  if (disk !== 0 || directoryDisk !== 0) throw fault("the file", "a ZIP in one part", "one of several");
  if (count > MAX_ENTRIES) throw fault("number of ZIP entries", `at most ${MAX_ENTRIES}`, count);
  if (size > MAX_DIRECTORY_BYTES) {
    throw fault("size of the ZIP directory", `at most ${MAX_DIRECTORY_BYTES} bytes`, size);
  }
  if (start + size > recordStart) {
    throw fault("place of the ZIP directory", `before byte ${recordStart}`, `${start} to ${start + size}`);
  }
  return { start, end: start + size, count };
}

type UnplacedEntry = Omit<ZipEntry, "limit">;

function parseEntries(view: DataView, count: number, fault: Fault): UnplacedEntry[] {
  const entries: UnplacedEntry[] = [];
  let at = 0;
  while (at < view.byteLength) {
    const where = `ZIP entry ${entries.length + 1}`;
    if (at + CENTRAL_BYTES > view.byteLength || view.getUint32(at, true) !== CENTRAL_SIGNATURE) {
      throw fault(where, "a directory entry", "other bytes");
    }
    const nameBytes = view.getUint16(at + 28, true);
    const extraBytes = view.getUint16(at + 30, true);
    const end = at + CENTRAL_BYTES + nameBytes + extraBytes + view.getUint16(at + 32, true);
    if (end > view.byteLength) throw fault(where, "within the ZIP directory", "behind its end");
    entries.push(parseEntry(view, at, { where, nameBytes, extraBytes }, fault));
    at = end;
  }
  if (entries.length !== count) throw fault("number of ZIP entries", `${count}`, entries.length);
  return entries;
}

function parseEntry(
  view: DataView,
  at: number,
  { where, nameBytes, extraBytes }: { where: string; nameBytes: number; extraBytes: number },
  fault: Fault,
): UnplacedEntry {
  const name = parseName(view, at + CENTRAL_BYTES, nameBytes, where, fault);
  let unpacked = view.getUint32(at + 24, true);
  let storedBytes = view.getUint32(at + 20, true);
  let headerStart = view.getUint32(at + 42, true);

  // Holds, in this order, only what did not fit.
  let wide = findExtra(view, at + CENTRAL_BYTES + nameBytes, extraBytes);
  const widened = (value: number): number => {
    if (value !== IN_ZIP64_32) return value;
    if (wide.start + 8 > wide.end) throw fault(`ZIP entry ${quoted(name)}`, "given its zip64 sizes", "none");
    const result = uint64(view, wide.start, `ZIP entry ${quoted(name)}`, fault);
    wide = { start: wide.start + 8, end: wide.end };
    return result;
  };
  unpacked = widened(unpacked);
  storedBytes = widened(storedBytes);
  headerStart = widened(headerStart);

  const method = view.getUint16(at + 10, true);
  if (method === 0 && unpacked !== storedBytes) {
    throw fault(`ZIP entry ${quoted(name)}`, `${unpacked} bytes, being stored as it is`, storedBytes);
  }
  return { name, method, flags: view.getUint16(at + 8, true), storedBytes, headerStart };
}

function parseName(view: DataView, at: number, length: number, where: string, fault: Fault): string {
  const bytes = new Uint8Array(view.buffer, view.byteOffset + at, length);
  let name: string;
  try {
    name = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw fault(`name of ${where}`, "UTF-8 text", "other bytes");
  }
  // Nothing is unpacked here, but no honest writer makes such names.
  const climbs = name.split("/").some((part) => part === "..");
  if (name === "" || name.startsWith("/") || climbs || /[\\\0]/.test(name)) {
    throw fault(`name of ${where}`, "a path inside the ZIP file", quoted(name));
  }
  return name;
}

/** The zip64 field within an entry's extra fields; empty when there is none. */
function findExtra(view: DataView, start: number, length: number): { start: number; end: number } {
  const end = start + length;
  for (let at = start; at + 4 <= end;) {
    const fieldEnd = at + 4 + view.getUint16(at + 2, true);
    if (view.getUint16(at, true) === ZIP64_EXTRA) return { start: at + 4, end: Math.min(fieldEnd, end) };
    at = fieldEnd;
  }
  return { start: end, end };
}

/** Entries must follow one another without sharing a byte, all before the directory. */
function layOut(
  entries: UnplacedEntry[],
  directoryStart: number,
  fault: Fault,
): ReadonlyMap<string, ZipEntry> {
  const sorted = [...entries].sort((a, b) => a.headerStart - b.headerStart);
  const placed = new Map<string, ZipEntry>();
  for (const [index, entry] of sorted.entries()) {
    const limit = sorted[index + 1]?.headerStart ?? directoryStart;
    const least = entry.headerStart + LOCAL_BYTES + entry.name.length + entry.storedBytes;
    const where = `ZIP entry ${quoted(entry.name)}`;
    if (least > limit)
      throw fault(where, `ended before byte ${limit}, where the next begins`, `${least} or later`);
    if (placed.has(entry.name)) throw fault(where, "the only one of its name", "another one");
    placed.set(entry.name, { ...entry, limit });
  }
  return placed;
}

/** The byte range of a stored entry's data. */
export async function locateEntry(
  source: ByteSource,
  entry: ZipEntry,
): Promise<{ readonly start: number; readonly end: number }> {
  checkStored(source.name, entry);
  const start = alignedStart(entry) ?? (await readStart(source, entry));
  return { start, end: start + entry.storedBytes };
}

function checkStored(file: string, entry: ZipEntry): void {
  const where = `ZIP entry ${quoted(entry.name)}`;
  if ((entry.flags & FLAG_ENCRYPTED) !== 0) {
    throw fileFormatError(file, { where, expected: "readable", got: "an encrypted one" });
  }
  if (entry.method === 0) return;
  throw fileFormatError(file, {
    where,
    expected: "stored as it is, as torch does",
    got: `compressed (method ${entry.method}); unpack the file and save it again with torch`,
  });
}

/**
 * An entry's data ends where the next entry begins. Where counting back from there gives an aligned position, torch wrote the
 * entry and its local header need not be read: thousands of small reads would take longer than all the rest of opening a file.
 */
function alignedStart(entry: ZipEntry): number | undefined {
  const first = entry.headerStart + LOCAL_BYTES + entry.name.length;
  const descriptors = (entry.flags & FLAG_DESCRIPTOR) === 0 ? [0] : DESCRIPTOR_BYTES;
  return descriptors
    .map((bytes) => entry.limit - bytes - entry.storedBytes)
    .find((start) => start % TORCH_ALIGNMENT === 0 && start >= first);
}

async function readStart(source: ByteSource, entry: ZipEntry): Promise<number> {
  const where = `ZIP entry ${quoted(entry.name)}`;
  const bytes = await source.read(entry.headerStart, entry.headerStart + LOCAL_BYTES);
  const header = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (header.getUint32(0, true) !== LOCAL_SIGNATURE) {
    throw fileFormatError(source.name, {
      where,
      expected: "a header where the directory says",
      got: "other bytes",
    });
  }
  // The local extra field differs from the directory's: padding lies in it.
  const start = entry.headerStart + LOCAL_BYTES + header.getUint16(26, true) + header.getUint16(28, true);
  if (start + entry.storedBytes <= entry.limit) return start;
  throw fileFormatError(source.name, {
    where,
    expected: `ended before byte ${entry.limit}`,
    got: `${start + entry.storedBytes}`,
  });
}

function uint64(view: DataView, at: number, where: string, fault: Fault): number {
  const value = view.getBigUint64(at, true);
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw fault(where, "inside the file", `${value}`);
  return Number(value);
}
