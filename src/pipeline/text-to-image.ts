// Text to image: conditioning and noise in, one batch of pictures out. Sees components as interfaces; loads and times nothing.

import type { NoiseSource } from "../protocol/generation-request.ts";
import { createLatentNoise } from "../sampling/latent-noise.ts";
import type { NoiseSchedule } from "../sampling/noise-schedule.ts";
import type { PredictionRow } from "../sampling/prediction.ts";
import { initialNoiseScale, type SamplerRow } from "../sampling/samplers.ts";
import type { Conditioning, DiffusionModel, PixelTensor, Vae } from "./components.ts";
import { withConditionings, type ConditioningSchedule } from "./conditioning-schedule.ts";
import { assertFinite, denoiseLatents } from "./denoise-latents.ts";
import { conditioningsAt, guidedDenoise, type Guidance } from "./guidance.ts";

/** Everything of one batch but the components. */
export interface TextToImageBatch {
  readonly positive: ConditioningSchedule<Conditioning>;
  /** Left out when guidance is off. */
  readonly negative?: ConditioningSchedule<Conditioning>;
  readonly guidanceScale: number;
  readonly sampler: SamplerRow;
  /** Descending, ending in 0. */
  readonly sigmas: Float32Array;
  /** One per picture. */
  readonly seeds: readonly number[];
  readonly noiseSource: NoiseSource;
  /** Of one picture: [channels, height, width]. */
  readonly latentShape: readonly [number, number, number];
}

export interface TextToImageComponents<X> {
  readonly model: DiffusionModel<X>;
  readonly vae: Vae<X>;
  readonly prediction: PredictionRow;
  readonly noiseSchedule: NoiseSchedule;
}

export interface TextToImageHooks {
  readonly signal: AbortSignal;
  /** Everything is loaded and the first step begins, from this unit noise. */
  onStart(noise: Float32Array): void;
  /** Called once per step, before its last evaluations; `denoised` holds all pictures where `wantsPreview` asked. */
  onStep(step: number, denoised: Float32Array | undefined): void | Promise<void>;
  wantsPreview(step: number): boolean;
  /** Called when the last step is done and decoding begins, with a way to read the final latents. */
  onDecode(latents: () => Promise<Float32Array>): void | Promise<void>;
}

/**
 * Returns one picture per seed.
 * @throws AppError NumericFailure when the numbers go wrong, or the signal's reason when it aborts.
 */
export async function textToImage<X>(
  components: TextToImageComponents<X>,
  batch: TextToImageBatch,
  hooks: TextToImageHooks,
): Promise<readonly PixelTensor[]> {
  const { model, vae, prediction, noiseSchedule } = components;
  const { sampler, sigmas } = batch;
  const { math } = model;
  const [channels, height, width] = batch.latentShape;
  const noise = createLatentNoise(batch.noiseSource, batch.seeds, channels * height * width);
  const schedules = [batch.positive, ...(batch.negative ? [batch.negative] : [])];
  const conditionings = new Set(schedules.flat().map(({ conditioning }) => conditioning));
  const prepared = new Map(zip([...conditionings], model.prepare([...conditionings])));
  const [positive, negative] = schedules.map((schedule) => withConditionings(schedule, prepared));
  const guidance: Guidance = { positive, negative, scale: batch.guidanceScale };
  await model.warmUp(conditioningsAt(guidance, 0));
  const initialNoise = noise.initial();
  hooks.onStart(initialNoise);
  const unit = math.upload(initialNoise);
  const x = math.combine([initialNoiseScale(sampler, sigmas[0]), unit]);
  try {
    const latents = await denoiseLatents(x, {
      math,
      denoise: guidedDenoise(model, prediction, noiseSchedule, guidance, hooks.signal),
      sampler: sampler.sample,
      sigmas,
      noise: noise.steps(sampler.noise, sigmas),
      finalSigma: noiseSchedule.sigmaMin,
      signal: hooks.signal,
      onStep: (step, denoised) => hooks.onStep(step, denoised),
      wantsValues: (step) => hooks.wantsPreview(step),
    });
    await hooks.onDecode(() => math.download(latents));
    const pictures = await vae.decode(latents);
    for (const picture of pictures) assertFinite(picture.data, "picture");
    math.release(latents);
    return pictures;
  } finally {
    math.release(x);
    math.release(unit);
    for (const conditioning of prepared.values()) conditioning.release();
  }
}

function zip<A, B>(as: readonly A[], bs: readonly B[]): readonly (readonly [A, B])[] {
  return as.map((a, i) => [a, bs[i]] as const);
}
