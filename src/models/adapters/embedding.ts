// Reads textual inversion embeddings: vectors that stand for a word of the prompt, in every published file layout. Knows
// nothing of prompts and tokens.

import { AppError } from "../../protocol/app-error.ts";
import type { Checkpoint } from "../../weights/checkpoint.ts";
import { isFloating, widenToFloat32 } from "../../weights/dtypes.ts";
import { fileFormatError } from "../../weights/file-format.ts";
import type { TensorInfo } from "../../weights/tensor-info.ts";
import type { DetectedModel } from "../model-config.ts";

export interface Embedding {
  /** The file's name. */
  readonly name: string;
  /** How many tokens of the prompt it takes. */
  readonly count: number;
  /** For each text encoder of the model, in its order: [count, width]. */
  readonly vectors: readonly Float32Array[];
}

// A prompt's chunk without its start and end; an embedding is never split.
const MAX_VECTORS = 75;

/** Keys of a pair for SDXL's two text encoders: A1111 and kohya; Diffusers' training script. */
const pairs: readonly (readonly [clipL: string, clipG: string])[] = [
  ["clip_l", "clip_g"],
  ["text_encoders_0", "text_encoders_1"],
];

/** Keys of a single tensor, best first: kohya's safetensors, then A1111's pickle, where the token's name follows. */
const singleKeys: readonly RegExp[] = [/^emb_params$/, /^string_to_param\./];

/** How many vectors there are and how wide they are, for each text encoder; undefined for files that are no embedding. */
export function embeddingShapes(
  checkpoint: Checkpoint,
): readonly { readonly count: number; readonly width: number }[] | undefined {
  const pair = pairOf(checkpoint);
  const single = pair ? undefined : singleTensor(checkpoint);
  const tensors = pair ?? (single && [single]);
  return tensors?.map((tensor) => {
    const width = tensor.shape.at(-1) ?? 0;
    return { count: checkedCount(checkpoint, tensor, width), width };
  });
}

/** @throws AppError UnsupportedModel when the file holds no such vectors, ShapeMismatch when they are not for this model. */
export async function readEmbedding(checkpoint: Checkpoint, model: DetectedModel): Promise<Embedding> {
  const tensors = embeddingTensors(checkpoint, model);
  const counts = tensors.map((tensor, index) =>
    checkedCount(checkpoint, tensor, model.textEncoders[index].width),
  );
  if (counts.some((count) => count !== counts[0])) {
    throw mismatch(checkpoint, tensors[1], `${counts[0]} vectors, as ${tensors[0].key} has`);
  }
  const vectors = tensors.map(async ({ start, end, dtype }) =>
    widenToFloat32(await checkpoint.source.read(start, end), dtype),
  );
  return { name: checkpoint.source.name, count: counts[0], vectors: await Promise.all(vectors) };
}

/** One for each text encoder. */
function embeddingTensors(checkpoint: Checkpoint, { textEncoders, family }: DetectedModel): TensorInfo[] {
  const { tensors } = checkpoint;
  const pair = pairOf(checkpoint);
  if (pair && pair.length === textEncoders.length) return pair;
  // A pair's half that fits a model with one encoder, such as the refiner.
  if (pair && textEncoders.length === 1) {
    return [pair.find(({ shape }) => shape.at(-1) === textEncoders[0].width) ?? pair[0]];
  }
  const single = pair ? undefined : singleTensor(checkpoint);
  if (single && textEncoders.length === 1) return [single];

  const file = checkpoint.source.name;
  const wanted = textEncoders.length === 1 ? "emb_params" : "clip_l and clip_g";
  const expected = `an embedding for ${family.name} (${wanted})`;
  const keys = [...tensors.keys()];
  const got = `${keys.length} tensors${keys.length > 0 ? `, the first ${keys[0].slice(0, 120)}` : ""}`;
  throw new AppError("UnsupportedModel", `${file} should be ${expected}, got ${got}.`, {
    file,
    where: "the names of its tensors",
    expected,
    got,
  });
}

/** Both tensors of a pair, or the one that there is. */
function pairOf({ tensors }: Checkpoint): TensorInfo[] | undefined {
  return pairs.map((keys) => keys.flatMap((key) => tensors.get(key) ?? [])).find(({ length }) => length > 0);
}

/** By its known key, or the only tensor: Diffusers names it after the token. */
function singleTensor({ tensors }: Checkpoint): TensorInfo | undefined {
  for (const pattern of singleKeys) {
    const found = [...tensors.values()].filter(({ key }) => pattern.test(key));
    if (found.length === 1) return found[0];
  }
  const all = [...tensors.values()];
  return all.length === 1 && all[0].shape.length <= 2 ? all[0] : undefined;
}

function checkedCount(checkpoint: Checkpoint, tensor: TensorInfo, width: number): number {
  const { shape, dtype } = tensor;
  if (!isFloating(dtype)) {
    throw fileFormatError(checkpoint.source.name, {
      where: tensor.key,
      expected: "floating-point numbers",
      got: dtype,
    });
  }
  const [count, found] = shape.length === 1 ? [1, shape[0]] : shape;
  if (shape.length > 2 || found !== width || count < 1 || count > MAX_VECTORS) {
    throw mismatch(checkpoint, tensor, `[1 to ${MAX_VECTORS}, ${width}]`);
  }
  return count;
}

function mismatch(checkpoint: Checkpoint, { key, shape }: TensorInfo, expected: string): AppError {
  const file = checkpoint.source.name;
  const got = `[${shape.join(", ")}]`;
  return new AppError("ShapeMismatch", `${file}: ${key} should be ${expected}, got ${got}.`, {
    file,
    where: key,
    expected,
    got,
  });
}
