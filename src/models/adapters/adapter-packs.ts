// Fills the packs of a graph's adapter slots: the factors of all LoRAs of a job side by side along the rank. Makes the inputs
// of a run; runs nothing.

import type { OnnxDType } from "../../onnx/onnx-model.ts";
import { tensorBytes } from "../../onnx/tensor-bytes.ts";
import { convertTensor } from "../../weights/dtypes.ts";
import { ADAPTERS_ACTIVE, type AdapterPack, type AdapterSlot } from "../layers/adapter-slots.ts";
import type { AppliedLora } from "./adapted-tensor.ts";
import type { AdaptedNetwork } from "./adapter-targets.ts";
import { readLowRank, type LoraPatch } from "./lora.ts";
import { lowRankOf, type LowRank } from "./low-rank.ts";

/** An input of a run. */
export interface FedTensor {
  readonly name: string;
  readonly dtype: OnnxDType;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** A patch at its place in a pack. */
interface Placed {
  readonly slot: AdapterSlot;
  readonly patch: LoraPatch;
  /** First of its ranks. */
  readonly at: number;
}

interface PackPlan {
  readonly rank: number;
  /** Which LoRA each rank belongs to. */
  readonly owners: readonly number[];
  readonly placed: readonly Placed[];
}

/** Every LoRA takes the same ranks in all layers of a pack, so that one number scales it; layers it leaves alone hold zeros. */
function planPack(pack: AdapterPack, fed: readonly AppliedLora[]): PackPlan {
  const placed: Placed[] = [];
  const owners: number[] = [];
  for (const [owner, { lora }] of fed.entries()) {
    const start = owners.length;
    let end = start;
    for (const slot of pack.slots) {
      let at = start;
      for (const patch of lora.patches.get(slot.key) ?? []) {
        if (!overlap(patch.target.rows, slot.rows)) continue;
        placed.push({ slot, patch, at });
        at += lowRankOf(patch.plan)!;
      }
      end = Math.max(end, at);
    }
    while (owners.length < end) owners.push(owner);
  }
  return { rank: Math.max(1, owners.length), owners, placed };
}

function overlap(a: readonly [number, number], b: readonly [number, number]): boolean {
  return Math.max(a[0], b[0]) < Math.min(a[1], b[1]);
}

/** Whether the slots do anything. */
export function activeTensor(active: boolean): FedTensor {
  const bytes = tensorBytes("bool", [active ? 1 : 0]);
  return { name: ADAPTERS_ACTIVE, dtype: "bool", shape: [1], bytes };
}

/** The smallest inputs there are, for runs in which the slots do nothing. */
export function emptyTensors(pack: AdapterPack): readonly FedTensor[] {
  return [
    floats(pack, "down", [1, 1], new Float32Array(1)),
    floats(pack, "up", [1, 1], new Float32Array(1)),
    floats(pack, "scale", [1], new Float32Array(1)),
  ];
}

/** The pack's factors, without strengths. */
export async function factorTensors(
  pack: AdapterPack,
  fed: readonly AppliedLora[],
): Promise<readonly FedTensor[]> {
  const { rank, placed } = planPack(pack, fed);
  const down = new Float32Array(rank * pack.columns);
  const up = new Float32Array(pack.rows * rank);
  // One after the other: a LoRA of hundreds of megabytes is never in memory twice.
  let last: { readonly patch: LoraPatch; readonly factors: LowRank } | undefined;
  for (const { slot, patch, at } of placed) {
    if (last?.patch !== patch) last = { patch, factors: await readLowRank(patch) };
    place(last.factors, patch, slot, { rank, at, columns: pack.columns, down, up });
  }
  return [floats(pack, "down", [rank, pack.columns], down), floats(pack, "up", [pack.rows, rank], up)];
}

/** The strength of each rank's LoRA. */
export function scaleTensor(
  pack: AdapterPack,
  fed: readonly AppliedLora[],
  network: AdaptedNetwork,
): FedTensor {
  const { rank, owners } = planPack(pack, fed);
  const scale = Float32Array.from({ length: rank }, (_, i) =>
    i < owners.length ? fed[owners[i]].strengths[network] : 0,
  );
  return floats(pack, "scale", [rank], scale);
}

function floats(
  { name, dtype }: AdapterPack,
  part: "down" | "up" | "scale",
  shape: readonly number[],
  values: Float32Array<ArrayBuffer>,
): FedTensor {
  const bytes = convertTensor(new Uint8Array(values.buffer), "F32", dtype);
  return { name: `${name}.${part}`, dtype, shape, bytes };
}

function place(
  factors: LowRank,
  { target }: LoraPatch,
  slot: AdapterSlot,
  into: { rank: number; at: number; columns: number; down: Float32Array; up: Float32Array },
): void {
  for (let i = 0; i < factors.rank; i++) {
    const row = factors.down.subarray(i * slot.columns, (i + 1) * slot.columns);
    into.down.set(row, (into.at + i) * into.columns + slot.downOffset);
  }
  const first = Math.max(target.rows[0], slot.rows[0]);
  const end = Math.min(target.rows[1], slot.rows[1]);
  for (let row = first; row < end; row++) {
    const from = (row - target.rows[0]) * factors.rank;
    const to = (slot.upOffset + row - slot.rows[0]) * into.rank + into.at;
    into.up.set(factors.up.subarray(from, from + factors.rank), to);
  }
}
