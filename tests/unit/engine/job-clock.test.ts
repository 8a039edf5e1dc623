// Times of a job: phases that nest, and the estimate of what is left.

import { describe, expect, test } from "vitest";
import { PhaseClock, ProgressEstimate } from "../../../src/engine/job-clock.ts";

describe("PhaseClock", () => {
  test("takes loading out of the phase it happens in", async () => {
    let now = 0;
    const clock = new PhaseClock(() => now);
    const pass = (seconds: number): Promise<void> => {
      now += seconds * 1000;
      return Promise.resolve();
    };
    await clock.during("text", async () => {
      await pass(1);
      await clock.during("load", () => pass(5));
      await pass(2);
    });
    await pass(100); // between phases
    await clock.during("decode", () => pass(4));
    expect(clock.seconds).toEqual({ load: 5, text: 3, steps: 0, decode: 4 });
  });

  test("goes back to the outer phase when a task fails", async () => {
    let now = 0;
    const clock = new PhaseClock(() => now);
    await clock.during("steps", async () => {
      await clock.during("load", () => Promise.reject(new Error("no"))).catch(() => undefined);
      now += 2000;
    });
    expect(clock.seconds.steps).toBe(2);
  });
});

describe("ProgressEstimate", () => {
  test("counts down to nothing over two batches", () => {
    const estimate = new ProgressEstimate(2, 2);
    const first = estimate.addStep(0, 1, 1);
    expect(first.secondsLeft).toBeCloseTo(3 + 2 * 2); // three steps and two decodes of two steps each
    estimate.addStep(0, 2, 1);
    estimate.addDecode(4);
    const third = estimate.addStep(1, 1, 1);
    expect(third.secondsLeft).toBeCloseTo(1 + 4);
    const last = estimate.addStep(1, 2, 1);
    expect(last.secondsLeft).toBeCloseTo(4);
    expect(last.fraction).toBeGreaterThan(third.fraction);
    expect(last.fraction).toBeLessThan(1);
  });

  test("forgets a slow first step but keeps it in the mean", () => {
    const estimate = new ProgressEstimate(1, 20);
    estimate.addStep(0, 1, 10);
    let progress = estimate.addStep(0, 2, 1);
    for (let step = 3; step <= 12; step++) progress = estimate.addStep(0, step, 1);
    expect(progress.secondsPerStep).toBeLessThan(1.3);
    expect(estimate.meanSecondsPerStep).toBeCloseTo(21 / 12);
  });
});
