// NumPy's SeedSequence and torchsde's Brownian tree against their own values.

import { expect, test } from "vitest";
import { brownianStepNoise } from "../../../src/sampling/brownian-tree.ts";
import { createLatentNoise } from "../../../src/sampling/latent-noise.ts";
import { discreteNoiseSchedule, STABLE_DIFFUSION_NOISE } from "../../../src/sampling/noise-schedule.ts";
import { scheduleNamed } from "../../../src/sampling/schedules.ts";
import { seedSequence } from "../../../src/sampling/seed-sequence.ts";
import { torchCpuGenerator } from "../../../src/sampling/torch-cpu.ts";
import { expectClose } from "./expect-close.ts";

// Single precision increments over a tree 24 levels deep.
const TREE_ATOL = 2e-5;

test.each([
  [42, [], [387750627, 2536650517, 4078839648, 2023786165]],
  [42, [0, 0], [2102017995, 2891809698, 2144110403, 379559146]],
  [42, [5, 3], [3084123560, 468215949, 242942938, 2650128260]],
  [2 ** 40 + 7, [123456, 20], [299526299, 1247309431, 1181587663, 3492300946]],
  [0, [0, 0], [245430115, 3436620678, 4120055464, 1627243804]],
])("seedSequence(%i, %j) has NumPy's words", (entropy, spawnKey, expected) => {
  expect(seedSequence(entropy, { spawnKey, poolSize: 24 }, 4)).toEqual(expected);
});

const sigmas = scheduleNamed("Karras")!.sigmas(20, discreteNoiseSchedule(STABLE_DIFFUSION_NOISE));
const tree = (seed: number) =>
  brownianStepNoise({
    seed,
    sigmaMin: sigmas[19],
    sigmaMax: sigmas[0],
    count: 4 * 8 * 8,
    generator: torchCpuGenerator,
  });

test.each([
  [42, 0, [-1.120227, -0.088821, 1.536336, 0.376813]],
  [42, 1, [-1.146847, 1.423718, -0.265192, 0.094752]],
  [42, 9, [-0.2846, -0.18085, 0.01012, 0.74849]],
  [42, 18, [1.523632, 0.291196, -1.18557, 0.590452]],
  [0, 0, [0.653031, -0.608643, 0.157264, 1.291804]],
  [0, 1, [-0.756648, -1.499689, -0.173659, 0.494194]],
  [0, 18, [0.484714, -0.408392, -1.632482, -0.134541]],
])("brownianStepNoise() of seed %i has torchsde's noise for step %i", (seed, step, expected) => {
  expectClose(tree(seed)(sigmas[step], sigmas[step + 1]).subarray(0, 4), expected, TREE_ATOL);
});

test("brownianStepNoise() answers between the steps", () => {
  expectClose(
    tree(42)(14.614643, 13.090534).subarray(0, 4),
    [-0.69811, -0.48774, 0.08454, 1.00734],
    TREE_ATOL,
  );
});

test("brownianStepNoise() does not depend on the order of the questions", () => {
  const noise = tree(7);
  const first = noise(sigmas[3], sigmas[4]);
  for (let i = 0; i < 10; i++) noise(sigmas[i], sigmas[i + 1]);
  expectClose(noise(sigmas[3], sigmas[4]), first, 0);
});

test("createLatentNoise() gives each picture the noise it would have alone", () => {
  const count = 4 * 8 * 8;
  for (const kind of ["ancestral", "brownian"] as const) {
    const batch = createLatentNoise("cpu", [5, 6], count);
    const alone = createLatentNoise("cpu", [6], count);
    expect(batch.initial().subarray(count)).toEqual(alone.initial());
    const together = batch.steps(kind, sigmas)(sigmas[2], sigmas[3]);
    expect(together.subarray(count)).toEqual(alone.steps(kind, sigmas)(sigmas[2], sigmas[3]));
  }
});

test("createLatentNoise() continues the initial stream with ancestral noise", () => {
  const noise = createLatentNoise("cpu", [42], 64);
  const stream = torchCpuGenerator(42);
  expect(noise.initial()).toEqual(stream.normal(64));
  expect(noise.steps("ancestral", sigmas)(2, 1)).toEqual(stream.normal(64));
});
