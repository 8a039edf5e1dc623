// The loop every pipeline shares: walks the sigmas from given latents, watches for NaN, reports steps. Starts from any
// latents (pure noise, a noised picture) and any denoise function (guided, masked, controlled).

import { AppError } from "../protocol/app-error.ts";
import type { Denoise, LatentMath, Sampler, StepNoise } from "../sampling/sampler.ts";

export interface DenoiseRun<X> {
  readonly math: LatentMath<X>;
  readonly denoise: Denoise<X>;
  readonly sampler: Sampler;
  readonly sigmas: Float32Array;
  readonly noise: StepNoise;
  /** Where DDIM ends instead of 0: sigma of timestep 0. */
  readonly finalSigma: number;
  readonly signal: AbortSignal;
  /** Called after each step's first evaluation with the values of the denoised latents where they were downloaded. */
  onStep(step: number, denoised: Float32Array | undefined): void | Promise<void>;
  /** Whether `onStep` of this step wants the values; the first step's are always looked at. */
  wantsValues(step: number): boolean;
}

/** Throws NumericFailure when a value is NaN or infinite. */
export function assertFinite(values: Float32Array, where: string): void {
  const index = values.findIndex((value) => !Number.isFinite(value));
  if (index < 0) return;
  throw new AppError(
    "NumericFailure",
    `The ${where} came out as ${values[index]} instead of numbers, so no picture could be made.`,
    { where, expected: "finite numbers", got: String(values[index]) },
  );
}

/** Returns the final latents; `x` stays the caller's. An abort ends it before the next evaluation. */
export async function denoiseLatents<X>(x: X, run: DenoiseRun<X>): Promise<X> {
  const { math, sampler, sigmas, signal } = run;
  return sampler(run.denoise, x, sigmas, {
    math,
    noise: run.noise,
    finalSigma: run.finalSigma,
    async onStep({ step, denoised }) {
      const values = step === 0 || run.wantsValues(step) ? await math.download(denoised) : undefined;
      if (values) assertFinite(values, "denoised latents");
      await run.onStep(step, values);
      signal.throwIfAborted();
    },
  });
}
