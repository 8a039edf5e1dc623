// Writes a byte source to disk in order and in pieces, so that it never lies in memory as a whole. Makes up no bytes itself.

import { createWriteStream } from "node:fs";
import { finished } from "node:stream/promises";
import type { ByteSource } from "../src/weights/byte-source.ts";

const PIECE_BYTES = 2 ** 22;

/** A file of that name is overwritten. */
export async function writeSource(source: ByteSource, path: string): Promise<void> {
  const stream = createWriteStream(path);
  for (let at = 0; at < source.byteLength; at += PIECE_BYTES) {
    const bytes = await source.read(at, Math.min(at + PIECE_BYTES, source.byteLength));
    if (!stream.write(bytes)) await new Promise<void>((resolve) => stream.once("drain", () => resolve()));
  }
  stream.end();
  await finished(stream);
}
