// The training noise schedule against figures of Stable Diffusion 1.x and its zero-terminal-SNR form.

import { expect, test } from "vitest";
import { discreteNoiseSchedule, STABLE_DIFFUSION_NOISE } from "../../../src/sampling/noise-schedule.ts";

const schedule = discreteNoiseSchedule(STABLE_DIFFUSION_NOISE);

test("discreteNoiseSchedule() has Stable Diffusion's sigmas", () => {
  expect(schedule.sigmas).toHaveLength(1000);
  expect(schedule.sigmaMin).toBeCloseTo(0.0291672, 7);
  expect(schedule.sigmaMax).toBeCloseTo(14.6146412, 5);
  expect(1 / (1 + schedule.sigmaMax ** 2)).toBeCloseTo(0.0046601, 7);
});

test("discreteNoiseSchedule() rescales to zero terminal SNR", () => {
  const { sigmas, sigmaMin, sigmaMax } = discreteNoiseSchedule({
    ...STABLE_DIFFUSION_NOISE,
    zeroTerminalSnr: true,
  });
  expect(sigmaMax / 4518.7637).toBeCloseTo(1, 5);
  expect(sigmas[998] / 2254.2376).toBeCloseTo(1, 5);
  expect(sigmaMin).toBeCloseTo(0.0291672, 7);
});

test("sigmaToTimestep() and timestepToSigma() are inverse, also between timesteps", () => {
  for (const timestep of [0, 0.25, 1, 17.5, 500, 998.75, 999]) {
    expect(schedule.sigmaToTimestep(schedule.timestepToSigma(timestep))).toBeCloseTo(timestep, 2);
  }
  expect(schedule.timestepToSigma(500)).toBe(schedule.sigmas[500]);
});

test("sigmaToTimestep() stays on the table outside of it", () => {
  expect(schedule.sigmaToTimestep(0)).toBe(0);
  expect(schedule.sigmaToTimestep(0.001)).toBe(0);
  expect(schedule.sigmaToTimestep(100)).toBe(999);
});
