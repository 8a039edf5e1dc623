// A checkpoint's tensor as an ONNX initializer: bytes stay in the file until the runtime asks, and are converted on the way
// only where the stored dtype is not the wanted one. Not a cache.

import { BYTES_PER_ELEMENT } from "../onnx/tensor-bytes.ts";
import { elementCount, sameShape } from "../onnx/graph.ts";
import type { ExternalTensor, OnnxDType } from "../onnx/onnx-model.ts";
import { AppError } from "../protocol/app-error.ts";
import type { Checkpoint } from "../weights/checkpoint.ts";
import { convertTensor } from "../weights/dtypes.ts";
import type { DType, TensorInfo } from "../weights/tensor-info.ts";

/** Stored dtypes whose bytes the runtime reads as they are. */
const SAME_BYTES: Partial<Record<DType, OnnxDType>> = {
  F32: "float32",
  F16: "float16",
  I32: "int32",
  I64: "int64",
};

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
  const asStored = SAME_BYTES[info.dtype] === dtype;
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
    slice: () => (asStored ? source.slice?.(start, end) : undefined),
  };
}
