// A checkpoint of one 3x3 convolution, and repeatable values to run it on.

import { elementCount } from "../../src/onnx/graph.ts";
import type { Checkpoint } from "../../src/weights/checkpoint.ts";
import { memorySource } from "../../src/weights/memory-source.ts";
import { openSafetensors } from "../../src/weights/safetensors.ts";
import { writeSafetensors, type TensorToWrite } from "../../src/weights/write-safetensors.ts";

/** Repeatable values in -1..1 without a visible period. */
export function noise(count: number, seed: number): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length: count }, (_, i) => Math.sin(seed + i * 12.9898 + (i % 97) * 78.233));
}

export async function convolutionCheckpoint(key: string, channels: number, out: number): Promise<Checkpoint> {
  const tensor = (shape: readonly number[], seed: number): TensorToWrite => ({
    dtype: "F32",
    shape,
    bytes: new Uint8Array(noise(elementCount(shape), seed).buffer),
  });
  const file = writeSafetensors(
    new Map([
      [`${key}.weight`, tensor([out, channels, 3, 3], 0)],
      [`${key}.bias`, tensor([out], 1)],
    ]),
  );
  return openSafetensors(memorySource(file, "convolution"));
}
