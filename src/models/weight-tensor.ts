// A checkpoint's tensor as an ONNX initializer: bytes stay in the file until the runtime asks, and are converted on the way
// only where the stored dtype is not the wanted one. Not a cache.

import { BYTES_PER_ELEMENT } from "../onnx/tensor-bytes.ts";
import { elementCount, sameShape } from "../onnx/graph.ts";
import type { ExternalTensor, OnnxDType } from "../onnx/onnx-model.ts";
import { AppError } from "../protocol/app-error.ts";
import type { Checkpoint } from "../weights/checkpoint.ts";
import { convertTensor, sameStorage } from "../weights/dtypes.ts";
import type { TensorInfo } from "../weights/tensor-info.ts";

export interface WeightUse {
  readonly dtype: OnnxDType;
  /** The whole tensor's shape as the operator wants it: the stored one, but for axes of extent 1. */
  readonly shape: readonly number[];
  /** Only these rows (first axis): a contiguous range of the file. */
  readonly rows?: readonly [start: number, end: number];
}

export function storedTensor(checkpoint: Checkpoint, key: string): TensorInfo {
  const info = checkpoint.tensors.get(key);
  if (info) return info;
  throw new AppError("MissingTensor", `${checkpoint.source.name} lacks the tensor ${key}.`, {
    where: key,
    expected: "a tensor",
    got: "nothing",
  });
}

/** @throws AppError MissingTensor or ShapeMismatch */
export function weightTensor(
  checkpoint: Checkpoint,
  key: string,
  { dtype, shape, rows }: WeightUse,
): ExternalTensor {
  const info = storedTensor(checkpoint, key);
  const withoutOnes = (extents: readonly number[]): number[] => extents.filter((extent) => extent !== 1);
  if (!sameShape(withoutOnes(info.shape), withoutOnes(shape))) {
    const expected = `[${shape.join(", ")}]`;
    const got = `[${info.shape.join(", ")}]`;
    throw new AppError(
      "ShapeMismatch",
      `${checkpoint.source.name}: ${key} should have shape ${expected}, got ${got}.`,
      {
        where: key,
        expected,
        got,
      },
    );
  }

  const [firstRow, endRow] = rows ?? [0, shape[0]];
  const bytesPerRow = (info.end - info.start) / shape[0];
  const start = info.start + firstRow * bytesPerRow;
  const end = info.start + endRow * bytesPerRow;
  const used = shape.with(0, endRow - firstRow);
  const asStored = sameStorage(info.dtype, dtype);
  const { source } = checkpoint;
  return {
    location: rows ? `${key}[${firstRow}:${endRow}]` : key,
    dtype,
    shape: used,
    byteLength: elementCount(used) * BYTES_PER_ELEMENT[dtype],
    read: async () => {
      const bytes = await source.read(start, end);
      return asStored ? bytes : convertTensor(bytes, info.dtype, dtype);
    },
    readSync: () => {
      const bytes = source.readSync(start, end);
      return asStored ? bytes : convertTensor(bytes, info.dtype, dtype);
    },
    ...(asStored && { readPart: (from, to) => source.read(start + from, start + to) }),
  };
}

export interface Derivation {
  /** Marks the result's location, since the tensor itself may be used too. */
  readonly name: string;
  readonly shape: readonly number[];
  derive(values: Float32Array): Float32Array<ArrayBuffer>;
}

/** Another float32 tensor computed from a weight while it is handed over, such as a transformed kernel. */
export function derivedTensor(weight: ExternalTensor, { name, shape, derive }: Derivation): ExternalTensor {
  // The copy makes sure that the floats start on a multiple of four.
  const derived = (bytes: Uint8Array): Uint8Array<ArrayBuffer> =>
    new Uint8Array(derive(new Float32Array(bytes.slice().buffer)).buffer);
  return {
    location: `${weight.location}#${name}`,
    dtype: "float32",
    shape,
    byteLength: elementCount(shape) * BYTES_PER_ELEMENT.float32,
    read: async () => derived(await weight.read()),
    readSync: () => derived(weight.readSync()),
  };
}
