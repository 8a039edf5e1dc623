// Progress in words: what the button, the tab and screen readers say at each moment of a job.

import { expect, test } from "vitest";
import type { JobProgress } from "../../../src/ui/controllers/generation-controller.ts";
import {
  describeProgress,
  describeTenth,
  describeTitle,
  formatSeconds,
} from "../../../src/ui/progress-text.ts";

function progress(fields: Partial<JobProgress>): JobProgress {
  const job = {} as JobProgress["job"]; // never read by these texts
  return { job, fraction: 0, step: 0, steps: 20, picture: 0, pictures: 1, secondsPerStep: 1, ...fields };
}

test("formatSeconds() counts minutes from sixty seconds on", () => {
  expect([0.4, 59.4, 59.6, 95, 3600].map(formatSeconds)).toEqual(["0 s", "59 s", "1:00", "1:35", "60:00"]);
});

test("a job says what it loads, then its percent, step and time left", () => {
  expect(describeProgress(progress({ loading: "unet" }))).toBe("Loading the unet…");
  expect(describeProgress(progress({}))).toBe("Starting…");
  const running = progress({ fraction: 0.435, step: 9, secondsLeft: 11.6 });
  expect(describeProgress(running)).toBe("43% · step 9/20 · 12 s left");
  expect(describeProgress({ ...running, picture: 1, pictures: 4 })).toBe(
    "43% · picture 2/4 · step 9/20 · 12 s left",
  );
});

test("the tab's title counts down and is the name again at the end", () => {
  expect(describeTitle(progress({ fraction: 0.435, secondsLeft: 11.6 }))).toBe("[43% 12s] Kiln");
  expect(describeTitle(undefined)).toBe("Kiln");
});

test("a screen reader hears every ten percent, not every step", () => {
  const said = [0.1, 0.14, 0.19, 0.2].map((fraction) =>
    describeTenth(progress({ fraction, secondsLeft: 5 })),
  );
  expect(new Set(said)).toEqual(new Set(["10 percent done.", "20 percent done."]));
});
