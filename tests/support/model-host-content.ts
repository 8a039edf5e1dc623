// What the test host's files contain: made on the fly from a seed, so that no large file is ever stored. Runs in Node.

import { readFileSync } from "node:fs";

/** "model" is the tiny model with seeded padding up to about `bytes`; "noise" is no model. */
export type Content =
  | { readonly kind: "model"; readonly bytes: number; readonly seed: number }
  /** Like "model", but its padding is one block over and over: cheap to make, for measuring. */
  | { readonly kind: "repeated"; readonly bytes: number; readonly seed: number }
  | { readonly kind: "noise"; readonly bytes: number; readonly seed: number }
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "base64"; readonly base64: string };

export interface ContentBytes {
  readonly byteLength: number;
  read(start: number, end: number): Uint8Array;
}

// A power of two; blocks are made whole and kept while they are the newest.
const BLOCK = 1024 * 1024;

export function contentBytes(content: Content): ContentBytes {
  if (content.kind === "text") return memory(new TextEncoder().encode(content.text));
  if (content.kind === "base64") return memory(Buffer.from(content.base64, "base64"));
  if (content.kind === "noise") return noise(content.bytes, content.seed);
  const head = paddedHead(content.bytes);
  const padding = noise(Math.max(0, content.bytes), content.seed, content.kind === "repeated");
  return {
    byteLength: head.byteLength + padding.byteLength,
    read(start, end) {
      if (end <= head.byteLength) return head.subarray(start, end);
      const tail = padding.read(Math.max(0, start - head.byteLength), end - head.byteLength);
      return start >= head.byteLength ? tail : Buffer.concat([head.subarray(start), tail]);
    },
  };
}

function memory(bytes: Uint8Array): ContentBytes {
  return { byteLength: bytes.byteLength, read: (start, end) => bytes.subarray(start, end) };
}

function noise(byteLength: number, seed: number, repeated = false): ContentBytes {
  let index = -1;
  let block: Uint8Array = new Uint8Array();
  const load = (wanted: number): Uint8Array => {
    if (wanted !== index) [index, block] = [wanted, noiseBlock(seed, wanted)];
    return block;
  };
  return {
    byteLength,
    read(start, end) {
      const out = new Uint8Array(end - start);
      for (let at = start; at < end;) {
        const from = load(repeated ? 0 : Math.floor(at / BLOCK));
        const offset = at % BLOCK;
        const length = Math.min(BLOCK - offset, end - at);
        out.set(from.subarray(offset, offset + length), at - start);
        at += length;
      }
      return out;
    },
  };
}

/** xorshift32, seeded per block so that any place can be made without what comes before it. */
function noiseBlock(seed: number, index: number): Uint8Array {
  const words = new Uint32Array(BLOCK / 4);
  let state = (seed ^ Math.imul(index + 1, 0x9e3779b9)) >>> 0 || 1;
  for (let i = 0; i < words.length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[i] = state;
  }
  return new Uint8Array(words.buffer);
}

interface TensorEntry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

/** The tiny model whose header announces a tensor of `paddingBytes` at the end, which no graph uses. */
function paddedHead(paddingBytes: number): Uint8Array {
  const model = readFileSync(new URL("../fixtures/models/tiny.safetensors", import.meta.url));
  const headerLength = Number(model.readBigUInt64LE(0));
  const header = JSON.parse(model.subarray(8, 8 + headerLength).toString()) as Record<string, TensorEntry>;
  const dataBytes = model.length - 8 - headerLength;
  const padding = { dtype: "U8", shape: [paddingBytes], data_offsets: [dataBytes, dataBytes + paddingBytes] };
  const json = Buffer.from(JSON.stringify({ ...header, padding }));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, model.subarray(8 + headerLength)]);
}
