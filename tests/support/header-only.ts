// Checkpoints without weights: a true safetensors header over a file whose tensor bytes do not exist. Test support.

import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import type { ByteSource } from "../../src/weights/byte-source.ts";
import type { Checkpoint } from "../../src/weights/checkpoint.ts";
import { byteSizes } from "../../src/weights/dtypes.ts";
import { memorySource } from "../../src/weights/memory-source.ts";
import type { DType, TensorInfo } from "../../src/weights/tensor-info.ts";

/** dtype and shape by key, in file order. */
export type HeaderDescription = Map<string, readonly [DType, readonly number[]]>;

/** A description written by tools/fixtures/headers.py, such as "stable-diffusion-1-5". */
export function headerFixture(name: string): HeaderDescription {
  const url = new URL(`../fixtures/headers/${name}.json.gz`, import.meta.url);
  const { tensors } = JSON.parse(gunzipSync(readFileSync(url)).toString()) as {
    tensors: Record<string, [DType, number[]]>;
  };
  return new Map(Object.entries(tensors));
}

/** Reads like a full-size file as long as only the header is asked for; asking for weights fails the test. */
export function headerOnlySource(tensors: HeaderDescription, options: HeaderOptions = {}): ByteSource {
  return headerOnly(tensors, options).source;
}

interface HeaderOptions {
  readonly name?: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** The same, with the bytes that do exist: length field and header. */
export function headerOnly(
  tensors: HeaderDescription,
  { name = "header-only.safetensors", metadata = {} }: HeaderOptions = {},
): { readonly source: ByteSource; readonly head: Uint8Array } {
  let position = 0;
  const entries = [...tensors].map(([key, [dtype, shape]]) => {
    const start = position;
    position += shape.reduce((product, size) => product * size, byteSizes[dtype]);
    return [key, { dtype, shape, data_offsets: [start, position] }] as const;
  });
  const json = new TextEncoder().encode(
    JSON.stringify({ __metadata__: metadata, ...Object.fromEntries(entries) }),
  );
  const head = new Uint8Array(8 + json.length);
  new DataView(head.buffer).setBigUint64(0, BigInt(json.length), true);
  head.set(json, 8);
  return { source: { ...memorySource(head, name), byteLength: head.length + position }, head };
}

/** An opened checkpoint of these tensors without the detour over header text. */
export function headerOnlyCheckpoint(
  tensors: HeaderDescription,
  name = "header-only.safetensors",
): Checkpoint {
  let position = 0;
  const infos = [...tensors].map(([key, [dtype, shape]]): [string, TensorInfo] => {
    const start = position;
    position += shape.reduce((product, size) => product * size, byteSizes[dtype]);
    return [key, { key, dtype, shape, start, end: position }];
  });
  const source = { ...memorySource(new Uint8Array(0), name), byteLength: position };
  return { source, tensors: new Map(infos), metadata: new Map() };
}
