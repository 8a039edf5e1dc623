// What the runtime's GPU programs are for, told from what their shaders declare (ort/pass-timer.ts): a table to sum their times by.
// Names are those of onnxruntime 1.30.

import type { OperatorSeconds } from "../../protocol/benchmark-api.ts";

/** The first row that fits has a program. */
const CLASSES: readonly (readonly [name: string, declarations: RegExp])[] = [
  ["attention", /\bpresent_key\b|\bhead_size_vec\b|\bpacked_?cols\b/i], // the last is Softmax
  ["convolution", /\bdilations\b/],
  ["matrix product", /\bdim_inner\b/], // 1x1 convolutions too
  ["normalisation", /\bnorm_size\b|\bchannel_scale_shift\b|^x scale bias output\b/],
  ["resize", /\broi\b/],
  ["elementwise", /\bvec_size\b|^input bias output\b/], // the second is BiasSplitGelu
  ["layout", /^a output\b|\bsizes_in_(concat|split)_axis\b|\bstarts\b|\bpads\b|\bdata_indices\w*/],
];

export const OTHER_OPERATORS = "other";

export function operatorClass(declarations: string): string {
  return CLASSES.find(([, pattern]) => pattern.test(declarations))?.[0] ?? OTHER_OPERATORS;
}

/** Largest first. */
export function secondsByClass(seconds: ReadonlyMap<string, number>): OperatorSeconds {
  const sums = new Map<string, number>();
  for (const [declarations, spent] of seconds) {
    const name = operatorClass(declarations);
    sums.set(name, (sums.get(name) ?? 0) + spent);
  }
  return Object.fromEntries([...sums].sort(([, a], [, b]) => b - a));
}
