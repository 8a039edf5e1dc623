// Golden sigmas of every schedule on Stable Diffusion's noise, and what all schedules have in common.

import { describe, expect, test } from "vitest";
import { discreteNoiseSchedule, STABLE_DIFFUSION_NOISE } from "../../../src/sampling/noise-schedule.ts";
import { initialNoiseScale, samplerNamed, samplers, sigmasFor } from "../../../src/sampling/samplers.ts";
import { scheduleNamed, schedules } from "../../../src/sampling/schedules.ts";
import { expectClose } from "./expect-close.ts";

const noise = discreteNoiseSchedule(STABLE_DIFFUSION_NOISE);
const TABLE_ATOL = 6e-5; // the tables are printed with four decimals

const TEN_STEPS: Readonly<Record<string, string>> = {
  Karras: "14.6146 9.1029 5.4784 3.1686 1.7494 .9141 .4469 .2014 .0819 .0292 0",
  Exponential: "14.6146 7.3249 3.6712 1.8400 .9222 .4622 .2317 .1161 .0582 .0292 0",
  Polyexponential: "14.6146 7.3249 3.6712 1.8400 .9222 .4622 .2317 .1161 .0582 .0292 0",
  Normal: "14.6146 7.8399 4.6092 2.9183 1.9502 1.3449 .9324 .6250 .3687 .0292 0",
  Uniform: "14.6146 7.8399 4.6092 2.9183 1.9502 1.3449 .9324 .6250 .3687 .0292 0",
  "SGM Uniform": "14.6146 8.3072 5.0924 3.3251 2.2797 1.6156 1.1629 .8319 .5712 .3437 0",
  Simple: "14.6146 8.3028 5.0878 3.3211 2.2765 1.6129 1.1606 .8299 .5693 .3417 0",
  DDIM: "8.3907 5.1344 3.3478 2.2929 1.6237 1.1682 .8357 .5741 .3462 .0413 0",
  Beta: "14.6146 13.9278 12.4910 10.5976 8.4424 6.2014 4.0462 2.1528 .7160 .0292 0",
};

const TWENTY_STEPS: Readonly<Record<string, string>> = {
  Karras:
    "14.6146 11.7254 9.3402 7.3836 5.7894 4.4998 3.4647 2.6408 1.9909 1.4832 1.0908 .7909 .5647 .3964 .2730 .1842 .1213 .0779 .0485 .0292 0",
  "SGM Uniform":
    "14.6146 10.9073 8.3072 6.4477 5.0924 4.0861 3.3251 2.7391 2.2797 1.9132 1.6156 1.3696 1.1629 .9860 .8319 .6951 .5712 .4557 .3437 .2255 0",
};

const numbers = (text: string): number[] => text.split(" ").map(Number);

test("every schedule has a golden table", () => {
  expect(schedules.map((row) => row.name).sort()).toEqual(Object.keys(TEN_STEPS).sort());
});

test.each(Object.entries(TEN_STEPS))("%s has its golden sigmas for 10 steps", (name, expected) => {
  expectClose(scheduleNamed(name)!.sigmas(10, noise), numbers(expected), TABLE_ATOL);
});

test.each(Object.entries(TWENTY_STEPS))("%s has its golden sigmas for 20 steps", (name, expected) => {
  expectClose(scheduleNamed(name)!.sigmas(20, noise), numbers(expected), TABLE_ATOL);
});

describe.each(schedules)("$name", (row) => {
  test.each([1, 2, 3, 7, 12, 150, 1000])("descends from noise to 0 in %i steps", (n) => {
    const sigmas = row.sigmas(n, noise);
    expect(sigmas).toHaveLength(n + 1);
    expect(sigmas[n]).toBe(0);
    for (let i = 0; i < n; i++) expect(sigmas[i]).toBeGreaterThan(sigmas[i + 1]);
  });
});

test("sigmasFor() resolves Automatic by the sampler's row", () => {
  const steps = 10;
  expectClose(
    sigmasFor(samplerNamed("DPM++ 2M")!, "Automatic", steps, noise)!,
    numbers(TEN_STEPS.Karras),
    TABLE_ATOL,
  );
  expectClose(
    sigmasFor(samplerNamed("Euler a")!, "Automatic", steps, noise)!,
    numbers(TEN_STEPS.Uniform),
    TABLE_ATOL,
  );
  expectClose(
    sigmasFor(samplerNamed("DDIM")!, "Automatic", steps, noise)!,
    numbers(TEN_STEPS.DDIM),
    TABLE_ATOL,
  );
});

test("sigmasFor() drops the sigma before 0 for samplers that ask for it", () => {
  const sigmas = sigmasFor(samplerNamed("DPM2")!, "Karras", 9, noise)!;
  const ten = numbers(TEN_STEPS.Karras);
  expectClose(sigmas, [...ten.slice(0, 9), 0], TABLE_ATOL);
});

test("sigmasFor() knows no schedule of another name", () => {
  expect(sigmasFor(samplerNamed("Euler")!, "karras", 10, noise)).toBeUndefined();
});

test("every sampler's automatic schedule exists", () => {
  for (const sampler of samplers)
    expect(scheduleNamed(sampler.automaticSchedule), sampler.name).toBeDefined();
});

test("initialNoiseScale() is sigma, or unit variance for samplers that walk timesteps", () => {
  expect(initialNoiseScale(samplerNamed("Euler")!, 8)).toBe(8);
  expect(initialNoiseScale(samplerNamed("DDIM")!, 8)).toBeCloseTo(Math.sqrt(65), 12);
});
