// Which of a model's LoRAs are fed to its graphs at run time and which are merged into weights while these are read. Decides
// by kinds and shapes; reads nothing.

import type { AppliedLora } from "./adapted-tensor.ts";
import type { AdaptedNetwork } from "./adapter-targets.ts";
import type { LoraPatch } from "./lora.ts";
import { lowRankOf } from "./low-rank.ts";

/** What a graph is built with. */
export interface GraphAdapters {
  /** Merged into the weights that they change. */
  readonly merged: readonly AppliedLora[];
  /** Whether the graph has slots for adapters that are fed. */
  readonly slots: boolean;
}

export interface SplitLoras<T extends AppliedLora> {
  readonly fed: readonly T[];
  readonly merged: readonly T[];
}

/** Whether slots can take it up: a product of thin matrices, added to a weight that some layer multiplies by. */
function canBeFed({ plan, target, magnitude }: LoraPatch): boolean {
  return target.shape.length >= 2 && magnitude === undefined && lowRankOf(plan) !== undefined;
}

/**
 * A weight is merged as soon as one of its changes cannot be fed (DoRA, full differences, Kronecker products of high rank,
 * norms and biases), with all of its changes in their order; every other weight's changes are fed.
 */
export function splitLoras<T extends AppliedLora>(
  applied: readonly T[],
  network: AdaptedNetwork,
): SplitLoras<T> {
  const active = applied.filter(({ strengths }) => strengths[network] !== 0);
  const mergedKeys = new Set(
    active.flatMap(({ lora }) =>
      [...lora.patches].filter(([, patches]) => !patches.every(canBeFed)).map(([key]) => key),
    ),
  );
  return {
    fed: withPatches(active, network, (key) => !mergedKeys.has(key)),
    merged: withPatches(active, network, (key) => mergedKeys.has(key)),
  };
}

function withPatches<T extends AppliedLora>(
  applied: readonly T[],
  network: AdaptedNetwork,
  wanted: (key: string) => boolean,
): readonly T[] {
  return applied.flatMap((use) => {
    const { lora } = use;
    const patches = new Map(
      [...lora.patches].filter(([key, [{ target }]]) => target.network === network && wanted(key)),
    );
    return patches.size === 0 ? [] : [{ ...use, lora: { ...lora, patches } }];
  });
}
