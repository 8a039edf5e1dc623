// Golden values of torch's CPU generator and of CUDA's Philox.

import { expect, test } from "vitest";
import { philoxGenerator } from "../../../src/sampling/philox.ts";
import { torchCpuGenerator } from "../../../src/sampling/torch-cpu.ts";
import { expectClose } from "./expect-close.ts";

const FLOAT32_ATOL = 1e-6;

test.each([
  [0, [-1.1258398, -1.1523602, -0.2505786, -0.4338788]],
  [1, [-1.5255959, -0.7502318, -0.6539809, -1.6094848]],
  [42, [1.9269153, 1.4872841, 0.9007172, -2.105521, 0.6784185, -1.2345449, -0.0430675, -1.6046669]],
  [4294967295, [-2.6642976, -1.0910486, 0.4514474, 0.2283607]],
])("torchCpuGenerator(%i) draws torch's values", (seed, expected) => {
  const values = torchCpuGenerator(seed).normal(4 * 64 * 64);
  expectClose(values.subarray(0, expected.length), expected, FLOAT32_ATOL);
});

test("torchCpuGenerator() fills a whole latent as torch does", () => {
  const values = torchCpuGenerator(42).normal(4 * 64 * 64);
  expectClose(values.subarray(-2), [0.9728097, -0.2934061], FLOAT32_ATOL);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  expect(mean).toBeCloseTo(0.00914096, 6);
  expect(Math.sqrt(variance)).toBeCloseTo(1.00402, 5);
});

test("torchCpuGenerator() continues its stream with the second draw", () => {
  const generator = torchCpuGenerator(42);
  generator.normal(4 * 64 * 64);
  expectClose(
    generator.normal(4 * 64 * 64).subarray(0, 4),
    [-1.3046587, 1.4507034, 0.24428, -0.2798896],
    FLOAT32_ATOL,
  );
});

test("torchCpuGenerator() redraws the last 16 values when 16 does not divide the count", () => {
  const values = torchCpuGenerator(0).normal(17420);
  expectClose(values.subarray(-2), [0.1563747, -1.2895141], FLOAT32_ATOL);
  expectClose(values.subarray(0, 2), [-1.1258398, -1.1523602], FLOAT32_ATOL);
});

test("torchCpuGenerator() takes the double precision path below 16 values and keeps its spare value", () => {
  const expected = [1.5409961, -0.2934289, -2.1787894, 0.5684313, -1.0845224, -1.3985955];
  expectClose(torchCpuGenerator(0).normal(6), expected, FLOAT32_ATOL);
  const piecewise = torchCpuGenerator(0);
  const parts = [...piecewise.normal(1), ...piecewise.normal(4), ...piecewise.normal(1)];
  expectClose(parts, expected, FLOAT32_ATOL);
});

test("torchCpuGenerator() keeps 32 bits of the seed", () => {
  expect(torchCpuGenerator(2 ** 32 + 42).normal(64)).toEqual(torchCpuGenerator(42).normal(64));
});

test.each([
  [
    0,
    [
      -0.9246624, -0.425344, -2.6438458, 0.1451839, -0.1208665, -0.5797257, -0.6228513, -0.3283871, -1.074542,
      -0.3631441, -1.6710504, 2.265505,
    ],
    [0.1808259, -0.5522627, 0.9238134, -0.7349703],
  ],
  [
    42,
    [0.1940189, 2.1613739, -0.172051, 0.84906, -1.9243993, 0.6529853, -0.6494411, -0.8175246],
    [0.1391375, -0.1082162, -0.7174222, 0.7566487],
  ],
])("philoxGenerator(%i) draws CUDA's values, twice", (seed, first, second) => {
  const generator = philoxGenerator(seed);
  expectClose(generator.normal(first.length), first, FLOAT32_ATOL);
  expectClose(generator.normal(second.length), second, FLOAT32_ATOL);
});

test("philoxGenerator() uses the high bits of the seed", () => {
  expect(philoxGenerator(2 ** 32 + 42).normal(4)).not.toEqual(philoxGenerator(42).normal(4));
});
