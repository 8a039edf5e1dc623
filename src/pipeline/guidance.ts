// Turns a network into `denoise(x, sigma)`: prediction type, classifier-free guidance and scheduled prompts. Knows no sampler
// and no prompt text.

import type { NoiseSchedule } from "../sampling/noise-schedule.ts";
import type { PredictionRow } from "../sampling/prediction.ts";
import type { Denoise } from "../sampling/sampler.ts";
import type { DiffusionModel, PreparedConditioning } from "./components.ts";
import { conditioningAt, type ConditioningSchedule } from "./conditioning-schedule.ts";

export interface Guidance {
  readonly positive: ConditioningSchedule<PreparedConditioning>;
  /** Absent when guidance is off: then one forward per evaluation is enough. */
  readonly negative?: ConditioningSchedule<PreparedConditioning>;
  readonly scale: number;
}

/** At a scale of 1 the negative prompt cancels out, so it need not be evaluated. */
export function needsNegative(guidanceScale: number): boolean {
  return guidanceScale !== 1;
}

/** The conditionings of one evaluation, counted from 0. */
export function conditioningsAt(
  { positive, negative }: Guidance,
  evaluation: number,
): readonly PreparedConditioning[] {
  return [positive, ...(negative ? [negative] : [])].map((schedule) => conditioningAt(schedule, evaluation));
}

/**
 * denoised = a·x + b·(negative + scale·(positive - negative)), where a and b come from the prediction type, in one linear
 * combination on the device. The result counts its calls, so it serves one run.
 */
export function guidedDenoise<X>(
  model: DiffusionModel<X>,
  prediction: PredictionRow,
  noiseSchedule: NoiseSchedule,
  guidance: Guidance,
  signal: AbortSignal,
): Denoise<X> {
  const { math } = model;
  const { negative, scale } = guidance;
  let evaluation = 0;
  return async (x, sigma) => {
    signal.throwIfAborted();
    const input = math.combine([prediction.inputScale(sigma), x]);
    const conditionings = conditioningsAt(guidance, evaluation++);
    const outputs = await model.predict(input, noiseSchedule.sigmaToTimestep(sigma), conditionings);
    math.release(input);
    const [a, b] = prediction.denoisedWeights(sigma);
    const denoised = negative
      ? math.combine([a, x], [b * scale, outputs[0]], [b * (1 - scale), outputs[1]])
      : math.combine([a, x], [b, outputs[0]]);
    for (const output of outputs) math.release(output);
    return denoised;
  };
}
