// Programs of the runtime fall into the classes that the report sums by.

import { expect, test } from "vitest";
import { operatorClass, secondsByClass } from "../../../../src/engine/benchmark/operator-classes.ts";

test.each([
  ["Conv2dMM", "convolution"],
  ["Im2ColMatMul", "convolution"],
  ["MatMul", "matrix product"],
  ["Gemm", "matrix product"],
  ["FlashAttention", "attention"],
  ["CopyKVCache", "attention"],
  ["LayerNorm", "normalisation"],
  ["InstanceNormComputeChannelScaleShift", "normalisation"],
  ["Transpose", "layout"],
  ["ResizeNearest", "resize"],
  ["QuickGelu", "elementwise"],
  ["BiasSplitGelu", "elementwise"],
  ["", "other"],
])("%s is %s", (program, name) => {
  expect(operatorClass(program)).toBe(name);
});

test("secondsByClass() sums, largest class first", () => {
  const sums = secondsByClass(
    new Map([
      ["Add", 1],
      ["Conv2dMM", 2],
      ["Conv2dMMProgram", 3],
    ]),
  );
  expect(Object.entries(sums)).toEqual([
    ["convolution", 5],
    ["elementwise", 1],
  ]);
});
