// What the runtime's GPU programs are for, by their names: a table to sum their times by. Names are those of onnxruntime 1.30.

import type { OperatorSeconds } from "../../protocol/benchmark-api.ts";

/** The first row that fits a name has it. */
const CLASSES: readonly (readonly [name: string, programs: RegExp])[] = [
  ["attention", /attention|copykvcache|flash|softmax/i],
  ["convolution", /conv|im2col/i],
  ["matrix product", /matmul|gemm|einsum/i],
  ["normalisation", /norm/i],
  ["elementwise", /gelu|bias/i], // before "layout", for BiasSplitGelu
  ["layout", /transpose|concat|split|slice|expand|pad|gather|reshape|tile|depthtospace/i],
  ["resize", /resize|upsample/i],
  [
    "elementwise",
    /unary|binary|cast|add|sub|mul|div|sigmoid|silu|swish|relu|clip|where|sin|cos|elementwise/i,
  ],
];

export const OTHER_OPERATORS = "other";

export function operatorClass(program: string): string {
  return CLASSES.find(([, programs]) => programs.test(program))?.[0] ?? OTHER_OPERATORS;
}

/** Largest first. */
export function secondsByClass(seconds: ReadonlyMap<string, number>): OperatorSeconds {
  const sums = new Map<string, number>();
  for (const [program, spent] of seconds) {
    const name = operatorClass(program);
    sums.set(name, (sums.get(name) ?? 0) + spent);
  }
  return Object.fromEntries([...sums].sort(([, a], [, b]) => b - a));
}
