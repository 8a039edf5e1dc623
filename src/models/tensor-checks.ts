// Demands on single tensors, each with its named error. Every tensor that a graph builder asks for is checked through here
// before anything is built. Reads no tensor bytes.

import { AppError } from "../protocol/app-error.ts";
import type { Checkpoint } from "../weights/checkpoint.ts";
import { isFloating } from "../weights/dtypes.ts";
import type { TensorInfo } from "../weights/tensor-info.ts";

// Published checkpoints have a few thousand; the limit bounds the work on a hostile header.
export const MAX_TENSORS = 100_000;

/** A tensor that a network needs. */
export interface TensorNeed {
  readonly key: string;
  readonly shape: readonly number[];
  /** Convolves a map that was doubled, which some devices do in another way than other convolutions. */
  readonly doubles?: true;
}

export function findTensor(checkpoint: Checkpoint, key: string): TensorInfo {
  const tensor = checkpoint.tensors.get(key);
  if (tensor) return tensor;
  const file = checkpoint.source.name;
  throw new AppError("MissingTensor", `${file} has no tensor "${key}".`, {
    file,
    where: key,
    expected: "present",
    got: "nothing",
  });
}

/** The tensor's shape when it has this many dimensions, none of them empty. `layout` names them for the message: "[out, in]". */
export function shapeOfRank(
  checkpoint: Checkpoint,
  key: string,
  rank: number,
  layout: string,
): readonly number[] {
  const { shape } = findTensor(checkpoint, key);
  if (shape.length === rank && !shape.includes(0)) return shape;
  throw shapeMismatch(checkpoint, key, layout, shape);
}

/** @throws AppError MissingTensor, ShapeMismatch or UnsupportedModel (weights that are no floating-point numbers). */
export function checkTensors(checkpoint: Checkpoint, needs: Iterable<TensorNeed>): void {
  for (const { key, shape } of needs) {
    const tensor = findTensor(checkpoint, key);
    if (tensor.shape.length !== shape.length || tensor.shape.some((size, i) => size !== shape[i])) {
      throw shapeMismatch(checkpoint, key, `[${shape.join(", ")}]`, tensor.shape);
    }
    if (!isFloating(tensor.dtype)) {
      throw unsupported(checkpoint, {
        where: key,
        expected: "floating-point weights",
        got: `${tensor.dtype} (a quantised file?)`,
      });
    }
  }
}

export function unsupported(
  checkpoint: Checkpoint,
  fault: { readonly where: string; readonly expected: string; readonly got: string },
): AppError {
  const file = checkpoint.source.name;
  return new AppError(
    "UnsupportedModel",
    `${file} is not a model that can run here: ${fault.where} should be ${fault.expected}, got ${fault.got}.`,
    { file, ...fault },
  );
}

function shapeMismatch(
  checkpoint: Checkpoint,
  key: string,
  expected: string,
  shape: readonly number[],
): AppError {
  const file = checkpoint.source.name;
  const got = `[${shape.join(", ")}]`;
  return new AppError(
    "ShapeMismatch",
    `${file}: tensor "${key}" should have shape ${expected}, got ${got}.`,
    {
      file,
      where: key,
      expected,
      got,
    },
  );
}
