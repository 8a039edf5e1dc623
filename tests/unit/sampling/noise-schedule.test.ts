// The training noise schedule against figures of Stable Diffusion 1.x and its zero-terminal-SNR form.

import { expect, test } from "vitest";
import {
  continuousNoiseSchedule,
  discreteNoiseSchedule,
  noiseScheduleOf,
  STABLE_DIFFUSION_NOISE,
} from "../../../src/sampling/noise-schedule.ts";
import { schedules } from "../../../src/sampling/schedules.ts";

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

test("continuousNoiseSchedule() tells the network a quarter of log sigma, within its range", () => {
  const noise = continuousNoiseSchedule({ sigmaMin: 0.002, sigmaMax: 80 });
  expect(noise.sigmaToTimestep(0.002)).toBeCloseTo(-1.553652, 6); // as diffusers' EDM schedulers
  expect(noise.sigmaToTimestep(80)).toBeCloseTo(1.0955067, 6);
  expect(noise.sigmaToTimestep(1)).toBe(0);
  expect(noise.sigmaToTimestep(1e9)).toBe(noise.sigmaToTimestep(80));
  for (const sigma of [0.002, 0.3, 1, 79]) {
    expect(noise.timestepToSigma(noise.sigmaToTimestep(sigma)) / sigma).toBeCloseTo(1, 12);
  }
});

test.each(schedules.map((row) => [row.name, row] as const))(
  "%s walks a continuous range downwards",
  (_, row) => {
    const noise = noiseScheduleOf({ kind: "continuous", sigmaMin: 0.002, sigmaMax: 80 });
    const sigmas = [...row.sigmas(8, noise)];
    expect(sigmas.length).toBe(9);
    expect(sigmas.at(-1)).toBe(0);
    expect(sigmas.every((sigma, i) => i === 0 || sigma < sigmas[i - 1])).toBe(true);
    expect(sigmas[0]).toBeLessThanOrEqual(80.001);
    expect(sigmas[0]).toBeGreaterThan(15);
  },
);
