// The short hash by which infotexts name a LoRA: of its tensors, whatever its metadata say. A checkpoint's is its file's.

import { hashSource } from "../library/file-hash.ts";
import type { ByteSource } from "../weights/byte-source.ts";

const DIGITS = 12;
const LENGTH_BYTES = 8;

/** A1111's (AutoV3): the first digits of the SHA-256 of everything behind a safetensors header, of other files as a whole. */
export async function tensorsHash(source: ByteSource): Promise<string> {
  const start = source.byteLength < LENGTH_BYTES ? 0 : await headerEnd(source);
  const part: ByteSource = {
    name: source.name,
    byteLength: source.byteLength - start,
    read: (from, to) => source.read(start + from, start + to),
    readSync: (from, to) => source.readSync(start + from, start + to),
  };
  return (await hashSource(part)).slice(0, DIGITS);
}

/** 0 where the file has no such header. */
async function headerEnd(source: ByteSource): Promise<number> {
  const bytes = await source.read(0, LENGTH_BYTES);
  const length = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  const end = LENGTH_BYTES + Number(length);
  return end <= source.byteLength ? end : 0;
}
