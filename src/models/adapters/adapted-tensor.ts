// A model's weight with LoRAs merged in, as an ONNX initializer: the base and the deltas stay in their files until the runtime
// asks. Not a cache.

import { elementCount } from "../../onnx/graph.ts";
import type { ExternalTensor } from "../../onnx/onnx-model.ts";
import { BYTES_PER_ELEMENT } from "../../onnx/tensor-bytes.ts";
import type { Checkpoint } from "../../weights/checkpoint.ts";
import { convertTensor, widenToFloat32 } from "../../weights/dtypes.ts";
import type { WeightUse } from "../weight-tensor.ts";
import { storedTensor, weightTensor } from "../weight-tensor.ts";
import type { AdaptedNetwork } from "./adapter-targets.ts";
import type { Lora, LoraPatch } from "./lora.ts";
import { readDelta, readDeltaSync } from "./lora.ts";
import { mergedWeight, type WeightedDelta } from "./merged-weight.ts";

/** A LoRA with its strength for each kind of network. */
export interface AppliedLora {
  readonly lora: Lora;
  readonly strengths: Readonly<Record<AdaptedNetwork, number>>;
}

interface AppliedPatch {
  readonly patch: LoraPatch;
  readonly strength: number;
}

/** What changes this weight, in the order of application; nothing where every strength is 0. */
function patchesOf(applied: readonly AppliedLora[], key: string): readonly AppliedPatch[] {
  return applied
    .flatMap(({ lora, strengths }) =>
      (lora.patches.get(key) ?? []).map((patch) => ({ patch, strength: strengths[patch.target.network] })),
    )
    .filter(({ strength }) => strength !== 0);
}

/** Like weightTensor. Weights that no LoRA changes are handed over as they are. */
export function adaptedTensor(
  checkpoint: Checkpoint,
  key: string,
  use: WeightUse,
  applied: readonly AppliedLora[],
): ExternalTensor {
  const plain = weightTensor(checkpoint, key, use);
  const patches = patchesOf(applied, key);
  if (patches.length === 0) return plain;

  // Merged whole and cut afterwards: DoRA's lengths along inputs are of all rows.
  const base = storedTensor(checkpoint, key);
  const { source } = checkpoint;
  const finish = (
    bytes: Uint8Array<ArrayBuffer>,
    deltas: readonly WeightedDelta[],
  ): Uint8Array<ArrayBuffer> => {
    const merged = mergedWeight(widenToFloat32(bytes, base.dtype), base.shape, deltas);
    const rowLength = merged.length / use.shape[0];
    const [start, end] = use.rows ?? [0, use.shape[0]];
    const used = merged.slice(start * rowLength, end * rowLength);
    return convertTensor(new Uint8Array(used.buffer), "F32", use.dtype);
  };
  return {
    location: `${plain.location}#adapted`,
    dtype: use.dtype,
    shape: plain.shape,
    byteLength: elementCount(plain.shape) * BYTES_PER_ELEMENT[use.dtype],
    read: async () => {
      const deltas = patches.map(async ({ patch, strength }) => ({
        delta: await readDelta(patch),
        strength,
      }));
      return finish(await source.read(base.start, base.end), await Promise.all(deltas));
    },
    readSync: () => {
      const deltas = patches.map(({ patch, strength }) => ({ delta: readDeltaSync(patch), strength }));
      return finish(source.readSync(base.start, base.end), deltas);
    },
  };
}
