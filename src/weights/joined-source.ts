// Several byte sources read as one long one, each part behind the one before it: the files of a model that is published in
// pieces. Copies nothing and keeps nothing open.

import { checkRange } from "./byte-range.ts";
import type { ByteSource } from "./byte-source.ts";

/** Where each part begins, in their order. */
export function partStarts(parts: readonly ByteSource[]): readonly number[] {
  let start = 0;
  return parts.map(({ byteLength }) => {
    const begins = start;
    start += byteLength;
    return begins;
  });
}

export function joinSources(parts: readonly ByteSource[], name: string): ByteSource {
  const starts = partStarts(parts);
  const byteLength = parts.reduce((sum, part) => sum + part.byteLength, 0);

  /** What each part has of [start, end), in its own offsets. */
  const pieces = (start: number, end: number): { part: ByteSource; start: number; end: number }[] => {
    checkRange(name, byteLength, start, end);
    return parts
      .map((part, i) => ({
        part,
        start: Math.max(start - starts[i], 0),
        end: Math.min(end - starts[i], part.byteLength),
      }))
      .filter((piece) => piece.start < piece.end);
  };
  const joined = (read: readonly Uint8Array<ArrayBuffer>[]): Uint8Array<ArrayBuffer> => {
    if (read.length === 1) return read[0];
    const all = new Uint8Array(read.reduce((sum, { byteLength: length }) => sum + length, 0));
    let at = 0;
    for (const bytes of read) {
      all.set(bytes, at);
      at += bytes.byteLength;
    }
    return all;
  };

  return {
    name,
    byteLength,
    read: async (start, end) =>
      joined(await Promise.all(pieces(start, end).map((piece) => piece.part.read(piece.start, piece.end)))),
    readSync: (start, end) =>
      joined(pieces(start, end).map((piece) => piece.part.readSync(piece.start, piece.end))),
  };
}
