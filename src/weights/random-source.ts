// A .safetensors file of seeded random weights whose bytes are made as they are read: a model of full size that takes no disk
// and no network. For measuring only; it knows shapes, not what they are for.

import { checkRange } from "./byte-range.ts";
import type { ByteSource } from "./byte-source.ts";
import { halfOfDouble } from "../shared/float16.ts";

export interface RandomTensor {
  readonly key: string;
  readonly shape: readonly number[];
  /** Of the normal distribution the values are drawn from. */
  readonly mean: number;
  readonly deviation: number;
}

const BYTES = 2; // every tensor is float16, as published checkpoints are
// Values repeat after this many, which no kernel's time depends on; a tensor starts anywhere among them. Prime, so that rows
// differ.
const POOL_LENGTH = 65537;

interface PlacedTensor {
  readonly start: number;
  readonly end: number;
  readonly mean: number;
  readonly deviation: number;
  /** Where among the pool's values the tensor starts. */
  readonly offset: number;
}

/** The same seed and tensors give the same bytes everywhere. */
export function randomSource(name: string, tensors: readonly RandomTensor[], seed: number): ByteSource {
  const head = header(tensors);
  const pools = new Map<string, Uint8Array>();
  const normal = normalValues(POOL_LENGTH, seed);
  let position = head.byteLength;
  const placed = tensors.map(({ key, shape, mean, deviation }): PlacedTensor => {
    const start = position;
    position += byteCount(shape);
    return { start, end: position, mean, deviation, offset: hash(key, seed) % POOL_LENGTH };
  });
  const byteLength = position;
  const poolOf = ({ mean, deviation }: PlacedTensor): Uint8Array => {
    const key = `${mean} ${deviation}`;
    const known = pools.get(key);
    if (known) return known;
    const halves = Uint16Array.from(normal, (value) => halfOfDouble(mean + deviation * value));
    const pool = new Uint8Array(halves.buffer);
    pools.set(key, pool);
    return pool;
  };
  const readSync = (start: number, end: number): Uint8Array<ArrayBuffer> => {
    checkRange(name, byteLength, start, end);
    const bytes = new Uint8Array(end - start);
    if (start < head.byteLength) bytes.set(head.subarray(start, Math.min(end, head.byteLength)));
    for (let i = firstBehind(placed, start); i < placed.length && placed[i].start < end; i++) {
      fill(bytes, start, end, placed[i], poolOf(placed[i]));
    }
    return bytes;
  };
  return { name, byteLength, readSync, read: (start, end) => Promise.resolve(readSync(start, end)) };
}

const byteCount = (shape: readonly number[]): number =>
  shape.reduce((product, size) => product * size, BYTES);

function header(tensors: readonly RandomTensor[]): Uint8Array<ArrayBuffer> {
  let position = 0;
  const entries = tensors.map(({ key, shape }) => {
    const start = position;
    position += byteCount(shape);
    return [key, { dtype: "F16", shape, data_offsets: [start, position] }];
  });
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(entries)));
  const length = Math.ceil(json.byteLength / 8) * 8;
  const head = new Uint8Array(8 + length).fill(0x20, 8);
  new DataView(head.buffer).setBigUint64(0, BigInt(length), true);
  head.set(json, 8);
  return head;
}

/** Index of the first tensor that ends behind a position. */
function firstBehind(placed: readonly PlacedTensor[], position: number): number {
  let [low, high] = [0, placed.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (placed[middle].end > position) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Copies the part of a tensor that lies within [start, end) to where it belongs in `bytes`. */
function fill(bytes: Uint8Array, start: number, end: number, tensor: PlacedTensor, pool: Uint8Array): void {
  const to = Math.min(end, tensor.end);
  for (let at = Math.max(start, tensor.start); at < to;) {
    const inPool = (tensor.offset * BYTES + (at - tensor.start)) % pool.byteLength;
    const count = Math.min(to - at, pool.byteLength - inPool);
    bytes.set(pool.subarray(inPool, inPool + count), at - start);
    at += count;
  }
}

/** FNV-1a, started from the seed. */
function hash(text: string, seed: number): number {
  let value = (0x811c9dc5 ^ seed) >>> 0;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193) >>> 0;
  return value;
}

/**
 * Sums of twelve uniforms, less six: near enough to normal, with tails that end at six deviations. Only additions, so every
 * machine gives the same values, as logarithms need not. Uniforms are those of xorshift32 (Marsaglia 2003).
 */
function normalValues(count: number, seed: number): Float64Array {
  let state = hash("weights", seed) || 1;
  return Float64Array.from({ length: count }, () => {
    let sum = 0;
    for (let i = 0; i < 12; i++) {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      sum += (state >>> 0) * 2 ** -32;
    }
    return sum - 6;
  });
}
