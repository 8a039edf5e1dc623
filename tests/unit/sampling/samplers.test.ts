// Every sampler against k-diffusion's results (tools/fixtures/samplers.py), by convergence order, and by what all must do.

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { discreteNoiseSchedule, STABLE_DIFFUSION_NOISE } from "../../../src/sampling/noise-schedule.ts";
import { predictions } from "../../../src/sampling/prediction.ts";
import type { Denoise } from "../../../src/sampling/sampler.ts";
import { initialNoiseScale, samplerNamed, samplers, sigmasFor } from "../../../src/sampling/samplers.ts";
import { expectClose } from "./expect-close.ts";
import { DATA_SPREAD, toyModels, toyNoise, toyRun, trackingMath, type TrackedLatents } from "./toy-models.ts";

interface Fixture {
  readonly kDiffusion: {
    readonly start: readonly number[];
    readonly sigmas: readonly number[];
    readonly runs: readonly {
      sampler: string;
      model: string;
      eta: number | null;
      result: readonly number[];
    }[];
  };
  readonly ddim: {
    readonly noise: readonly number[];
    readonly runs: readonly { steps: number; result: readonly number[] }[];
  };
  readonly unipc: {
    readonly noise: readonly number[];
    readonly runs: readonly { model: string; sigmas: readonly number[]; result: readonly number[] }[];
  };
}

const fixture = JSON.parse(readFileSync("tests/fixtures/sampling/samplers.json", "utf8")) as Fixture;
const SAMPLER_ATOL = 1e-5; // results are of the order of 1; latents are float32, the reference float64
const stableDiffusion = discreteNoiseSchedule(STABLE_DIFFUSION_NOISE);

describe("agrees with k-diffusion", () => {
  const { start, sigmas, runs } = fixture.kDiffusion;
  test.each(runs)("$sampler on the $model model, eta $eta", async ({ sampler, model, eta, result }) => {
    const run = toyRun({ eta: eta ?? undefined });
    const { sample } = samplerNamed(sampler)!;
    const latents = await sample(toyModels[model], Float32Array.from(start), Float32Array.from(sigmas), run);
    expectClose(latents, result, SAMPLER_ATOL);
  });

  test("in every sampler but those that k-diffusion lacks", () => {
    const compared = new Set(runs.map(({ sampler }) => sampler));
    expect(samplers.map(({ name }) => name).filter((name) => !compared.has(name))).toEqual(["DDIM", "UniPC"]);
  });
});

test.each(fixture.ddim.runs)("DDIM agrees with diffusers' over $steps steps", async ({ steps, result }) => {
  const sampler = samplerNamed("DDIM")!;
  const sigmas = sigmasFor(sampler, "Automatic", steps, stableDiffusion)!;
  const epsilon = (x: number, timestep: number): number =>
    Math.tanh(x * (1 + timestep / 1000)) + 0.2 * Math.sin(3 * x);
  const denoise: Denoise<Float32Array> = (x, sigma) => {
    const { inputScale, denoisedWeights } = predictions.epsilon;
    const scale = inputScale(sigma);
    const [ofX, ofOutput] = denoisedWeights(sigma);
    const timestep = stableDiffusion.sigmaToTimestep(sigma);
    return Promise.resolve(x.map((value) => ofX * value + ofOutput * epsilon(scale * value, timestep)));
  };
  const start = Float32Array.from(
    fixture.ddim.noise,
    (value) => value * initialNoiseScale(sampler, sigmas[0]),
  );
  const run = toyRun({ finalSigma: stableDiffusion.sigmaMin });
  expectClose(await sampler.sample(denoise, start, sigmas, run), result, SAMPLER_ATOL);
});

test.each(fixture.unipc.runs)(
  "UniPC agrees with diffusers' on the $model model: %#",
  async ({ model, sigmas, result }) => {
    const start = Float32Array.from(fixture.unipc.noise, (value) => value * sigmas[0]);
    const { sample } = samplerNamed("UniPC")!;
    expectClose(
      await sample(toyModels[model], start, Float32Array.from(sigmas), toyRun()),
      result,
      SAMPLER_ATOL,
    );
  },
);

test("DDIM with eta 1 adds the noise of an Euler ancestral step", async () => {
  const sigmas = Float32Array.of(10, 4, 1, 0);
  const start = Float32Array.from({ length: 8 }, (_, k) => 10 * Math.cos(k));
  const ddim = await samplerNamed("DDIM")!.sample(toyModels.nonlinear, start, sigmas, toyRun({ eta: 1 }));
  const ancestral = await samplerNamed("Euler a")!.sample(toyModels.nonlinear, start, sigmas, toyRun());
  expectClose(ddim, ancestral, SAMPLER_ATOL);
});

// With Gaussian data the exact path is x(sigma) ∝ sqrt(spread² + sigma²); n steps of an order p method miss it by ~ n^-p.
test.each([
  ["Euler", 1],
  ["DDIM", 1],
  ["Heun", 2],
  ["DPM2", 2],
  ["DPM++ 2M", 2],
  ["UniPC", 2], // its first step predicts with order 1 and is corrected to order 2
  ["LMS", 2], // its first step is Euler's, whose error stays
])("%s converges with order %i", async (name, order) => {
  const [sigmaMax, sigmaMin] = [4, 0.5];
  const errorAfter = async (n: number): Promise<number> => {
    const sigmas = Float64Array.from(
      { length: n + 1 },
      (_, i) => sigmaMax * (sigmaMin / sigmaMax) ** (i / n),
    );
    // Double precision throughout: float32 rounding would hide the higher orders.
    const math = {
      combine: (...terms: readonly (readonly [number, number])[]) =>
        terms.reduce((sum, [w, x]) => sum + w * x, 0),
      upload: (values: Float32Array) => values[0],
      download: (x: number) => Promise.resolve(Float32Array.of(x)),
      release: () => undefined,
    };
    const spread2 = DATA_SPREAD ** 2;
    const denoise: Denoise<number> = (x, sigma) => Promise.resolve((x * spread2) / (spread2 + sigma ** 2));
    const run = { math, noise: toyNoise(1), onStep: () => undefined, eta: 0 };
    const x = await samplerNamed(name)!.sample(denoise, 1, sigmas as unknown as Float32Array, run);
    const scale = name === "DDIM" ? 1 / Math.sqrt(1 + sigmaMin ** 2) : 1;
    return Math.abs(x - scale * Math.sqrt((spread2 + sigmaMin ** 2) / (spread2 + sigmaMax ** 2)));
  };
  const measured = Math.log2((await errorAfter(160)) / (await errorAfter(320)));
  expect(measured).toBeGreaterThan(order - 0.15);
  expect(measured).toBeLessThan(order + 0.35);
});

describe.each(samplers)("$name", (sampler) => {
  const run = sampler.sample;

  test.each([1, 2, 3, 12])("ends on what a constant model says, in %i steps", async (steps) => {
    const sigmas = sigmasFor(sampler, "Karras", steps, stableDiffusion)!;
    const target = Float32Array.from({ length: 8 }, (_, k) => k - 3.5);
    const start = Float32Array.from({ length: 8 }, (_, k) => 14 * Math.sin(k));
    const constant: Denoise<Float32Array> = () => Promise.resolve(target.slice());
    expectClose(await run(constant, start, sigmas, toyRun()), target, 2e-5);
  });

  test("reports each step once, in order, with its sigma", async () => {
    const sigmas = sigmasFor(sampler, "Automatic", 5, stableDiffusion)!;
    const seen: [number, number][] = [];
    const onStep = ({ step, sigma }: { step: number; sigma: number }) => void seen.push([step, sigma]);
    await run(toyModels.linear, new Float32Array(8).fill(9), sigmas, toyRun({ onStep }));
    expect(seen).toEqual(Array.from(sigmas.subarray(0, -1), (sigma, step) => [step, sigma]));
  });

  test("calls the model as often as its row says", async () => {
    const sigmas = sigmasFor(sampler, "Automatic", 5, stableDiffusion)!;
    let calls = 0;
    const counting: Denoise<Float32Array> = (x, sigma) => {
      calls++;
      return toyModels.linear(x, sigma);
    };
    await run(counting, new Float32Array(8).fill(9), sigmas, toyRun());
    expect(calls).toBe(5 * sampler.order - (sampler.order - 1));
  });

  test("asks for step noise only if its row says so", async () => {
    const sigmas = sigmasFor(sampler, "Automatic", 5, stableDiffusion)!;
    let asked = 0;
    const noise = () => {
      asked++;
      return new Float32Array(8);
    };
    await run(toyModels.linear, new Float32Array(8).fill(9), sigmas, toyRun({ noise, eta: 1 }));
    expect(asked > 0).toBe(sampler.noise !== "none");
  });

  test("releases all it made but the result, never the caller's latents, and uses nothing released", async () => {
    const { math, live } = trackingMath();
    const sigmas = sigmasFor(sampler, "Automatic", 6, stableDiffusion)!;
    const start: TrackedLatents = { values: new Float32Array(8).fill(9), released: false };
    const denoise: Denoise<TrackedLatents> = async (x, sigma) =>
      math.upload(await toyModels.nonlinear(await math.download(x), sigma));
    let most = 0;
    const onStep = () => void (most = Math.max(most, live()));
    const result = await run(denoise, start, sigmas, { math, noise: toyNoise(8), onStep });
    expect(start.released).toBe(false);
    expect(result.released).toBe(false);
    expect(live()).toBe(1);
    expect(most).toBeLessThanOrEqual(6);
  });

  test("ends at once when a step's listener throws", async () => {
    const sigmas = sigmasFor(sampler, "Automatic", 5, stableDiffusion)!;
    const onStep = ({ step }: { step: number }) => {
      if (step === 2) throw new Error("stop");
    };
    await expect(run(toyModels.linear, new Float32Array(8), sigmas, toyRun({ onStep }))).rejects.toThrow(
      "stop",
    );
  });
});
