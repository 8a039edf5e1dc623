// Writes ZIP files, honest ones and lying ones, byte by byte. Test support; compresses nothing and leaves checksums at 0.

import type { SparsePiece } from "../../../support/sparse-source.ts";

export interface ZipPart {
  readonly name: string;
  readonly data?: Uint8Array;
  /** In place of data: as many bytes that are not there, in a sparse file. */
  readonly hole?: number;
  readonly method?: number;
  readonly flags?: number;
  /** Padding in the local extra field so that the data starts at a multiple of it. */
  readonly align?: number;
  /** Overrides what the directory says. */
  readonly storedBytes?: number;
  readonly unpackedBytes?: number;
  readonly headerStart?: number;
}

export interface ZipOptions {
  /** Puts every size and place where files of 4 GiB and more have them. */
  readonly zip64?: boolean;
  readonly comment?: string;
  /** Overrides what the end record says. */
  readonly count?: number;
  readonly directoryBytes?: number;
  readonly directoryStart?: number;
}

const SATURATED = 0xffffffff;

const bytesOf = (array: Uint16Array | Uint32Array | BigUint64Array): number[] => [
  ...new Uint8Array(array.buffer),
];
const u16 = (...values: readonly number[]): number[] => bytesOf(Uint16Array.from(values));
const u32 = (...values: readonly number[]): number[] => bytesOf(Uint32Array.from(values));
const u64 = (...values: readonly number[]): number[] => bytesOf(BigUint64Array.from(values.map(BigInt)));

function localHeader(part: ZipPart, name: Uint8Array, bytes: number, padding: number): Uint8Array {
  const { method = 0, flags = 0 } = part;
  const fields = [...u16(20, flags, method, 0, 0), ...u32(0, bytes, bytes), ...u16(name.length, padding)];
  return Uint8Array.from([...u32(0x04034b50), ...fields, ...name]);
}

function directoryEntry(part: ZipPart, name: Uint8Array, position: number, zip64: boolean): Uint8Array {
  const { data, hole, method = 0, flags = 0, headerStart = position } = part;
  const stored = part.storedBytes ?? data?.length ?? hole ?? 0;
  const unpacked = part.unpackedBytes ?? stored;
  const wide = zip64 ? [...u16(1, 24), ...u64(unpacked, stored, headerStart)] : [];
  const [sizes, place] = zip64 ? [[SATURATED, SATURATED], SATURATED] : [[stored, unpacked], headerStart];
  return Uint8Array.from([
    ...[...u32(0x02014b50), ...u16(20, 20, flags, method, 0, 0), ...u32(0, ...sizes)],
    ...[...u16(name.length, wide.length, 0, 0, 0), ...u32(0, place), ...name, ...wide],
  ]);
}

export function buildZip(parts: readonly ZipPart[], options: ZipOptions = {}): Uint8Array {
  return Buffer.concat(
    zipPieces(parts, options).map((piece) => (typeof piece === "number" ? new Uint8Array(piece) : piece)),
  );
}

/** The same, for files of gigabytes. */
export function zipPieces(parts: readonly ZipPart[], options: ZipOptions = {}): SparsePiece[] {
  const { zip64 = false } = options;
  const entries: SparsePiece[] = [];
  const directory: Uint8Array[] = [];
  let position = 0;
  for (const part of parts) {
    const { data = new Uint8Array(), hole = 0, align = 1 } = part;
    const length = data.length + hole;
    const name = new TextEncoder().encode(part.name);
    const padding = (align - ((position + 30 + name.length) % align)) % align;
    directory.push(directoryEntry(part, name, position, zip64));
    entries.push(localHeader(part, name, length, padding), new Uint8Array(padding), data, hole);
    position += 30 + name.length + padding + length;
  }
  const size = directory.reduce((sum, entry) => sum + entry.length, 0);
  return [...entries, ...directory, endOf(parts.length, size, position, options)];
}

function endOf(entries: number, size: number, position: number, options: ZipOptions): Uint8Array {
  const { zip64, count = entries, directoryBytes = size, directoryStart = position } = options;
  const comment = [...new TextEncoder().encode(options.comment ?? "")];
  const record = (counts: number, bytes: number, start: number): number[] => [
    ...[...u32(0x06054b50), ...u16(0, 0, counts, counts), ...u32(bytes, start)],
    ...[...u16(comment.length), ...comment],
  ];
  if (!zip64) return Uint8Array.from(record(count, directoryBytes, directoryStart));
  return Uint8Array.from([
    ...[...u32(0x06064b50), ...u64(44), ...u16(45, 45), ...u32(0, 0)],
    ...u64(count, count, directoryBytes, directoryStart),
    ...[...u32(0x07064b50, 0), ...u64(position + size), ...u32(1)],
    ...record(0xffff, SATURATED, SATURATED),
  ]);
}

/** A torch ZIP of the given pickle, with storage "0" of two float32. */
export function torchZip(pickle: Uint8Array): Uint8Array {
  return buildZip([
    { name: "model/data.pkl", data: pickle },
    { name: "model/data/0", data: new Uint8Array(8) },
  ]);
}
