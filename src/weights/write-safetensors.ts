// Writes small .safetensors files in memory (tensor dumps, tests). Not for checkpoints: everything is held at once.

import { byteSizes } from "./dtypes.ts";
import type { DType } from "./tensor-info.ts";

export interface TensorToWrite {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

/** The tensors in the map's order; the header is padded so that their bytes start at a multiple of 8, as readers that map files like. */
export function writeSafetensors(
  tensors: ReadonlyMap<string, TensorToWrite>,
  metadata: ReadonlyMap<string, string> = new Map(),
): Uint8Array<ArrayBuffer> {
  const entries: [string, unknown][] =
    metadata.size > 0 ? [["__metadata__", Object.fromEntries(metadata)]] : [];
  let position = 0;
  for (const [key, { dtype, shape, bytes }] of tensors) {
    const expected = shape.reduce((product, size) => product * size, byteSizes[dtype]);
    if (bytes.byteLength !== expected) {
      throw new RangeError(
        `${key}: ${dtype} [${shape.join(", ")}] takes ${expected} bytes, got ${bytes.byteLength}.`,
      );
    }
    entries.push([key, { dtype, shape, data_offsets: [position, (position += expected)] }]);
  }
  // Object.fromEntries defines own properties, so a key such as "__proto__" is written like any other.
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(entries)));
  const headerLength = Math.ceil(json.byteLength / 8) * 8;
  const file = new Uint8Array(8 + headerLength + position).fill(0x20, 8, 8 + headerLength);
  new DataView(file.buffer).setBigUint64(0, BigInt(headerLength), true);
  file.set(json, 8);
  let offset = 8 + headerLength;
  for (const { bytes } of tensors.values()) {
    file.set(bytes, offset);
    offset += bytes.byteLength;
  }
  return file;
}
