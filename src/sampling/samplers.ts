// The table of samplers: A1111's names and what each one asks of a run. A new sampler is one file and one row here.

import type { NoiseSchedule } from "./noise-schedule.ts";
import type { Sampler } from "./sampler.ts";
import { sampleDdim } from "./samplers/ddim.ts";
import { sampleDpm2, sampleDpm2Ancestral } from "./samplers/dpm-2.ts";
import { sampleDpmpp2mSde, sampleDpmpp2mSdeHeun } from "./samplers/dpmpp-2m-sde.ts";
import { sampleDpmpp2m } from "./samplers/dpmpp-2m.ts";
import { sampleDpmpp2sAncestral } from "./samplers/dpmpp-2s-ancestral.ts";
import { sampleDpmpp3mSde } from "./samplers/dpmpp-3m-sde.ts";
import { sampleDpmppSde } from "./samplers/dpmpp-sde.ts";
import { sampleEulerAncestral } from "./samplers/euler-ancestral.ts";
import { sampleEuler } from "./samplers/euler.ts";
import { sampleHeun } from "./samplers/heun.ts";
import { sampleLcm } from "./samplers/lcm.ts";
import { sampleLms } from "./samplers/lms.ts";
import { sampleUniPc } from "./samplers/unipc.ts";
import { AUTOMATIC_SCHEDULE, scheduleNamed } from "./schedules.ts";

/** Which stream a sampler's step noise comes from (latent-noise.ts). */
export type StepNoiseKind = "none" | "ancestral" | "brownian";

export interface SamplerRow {
  readonly name: string;
  readonly sample: Sampler;
  /** Name of the schedule that "Automatic" means. */
  readonly automaticSchedule: string;
  /** Model calls per step; the last step takes one. */
  readonly order: 1 | 2;
  readonly noise: StepNoiseKind;
  /** Makes one sigma more and drops the one before 0, which this sampler would waste a step on. */
  readonly discardPenultimate?: boolean;
  /** Starts from noise of variance 1 + sigma² instead of sigma², as samplers that walk training timesteps do. */
  readonly unitVarianceStart?: boolean;
}

/** In the order menus show them. */
export const samplers: readonly SamplerRow[] = [
  { name: "DPM++ 2M", sample: sampleDpmpp2m, automaticSchedule: "Karras", order: 1, noise: "none" },
  { name: "DPM++ SDE", sample: sampleDpmppSde, automaticSchedule: "Karras", order: 2, noise: "brownian" },
  {
    name: "DPM++ 2M SDE",
    sample: sampleDpmpp2mSde,
    automaticSchedule: "Exponential",
    order: 1,
    noise: "brownian",
  },
  {
    name: "DPM++ 2M SDE Heun",
    sample: sampleDpmpp2mSdeHeun,
    automaticSchedule: "Exponential",
    order: 1,
    noise: "brownian",
  },
  {
    name: "DPM++ 2S a",
    sample: sampleDpmpp2sAncestral,
    automaticSchedule: "Karras",
    order: 2,
    noise: "ancestral",
  },
  {
    name: "DPM++ 3M SDE",
    sample: sampleDpmpp3mSde,
    automaticSchedule: "Exponential",
    order: 1,
    noise: "brownian",
    discardPenultimate: true,
  },
  {
    name: "Euler a",
    sample: sampleEulerAncestral,
    automaticSchedule: "Uniform",
    order: 1,
    noise: "ancestral",
  },
  { name: "Euler", sample: sampleEuler, automaticSchedule: "Uniform", order: 1, noise: "none" },
  { name: "LMS", sample: sampleLms, automaticSchedule: "Uniform", order: 1, noise: "none" },
  { name: "Heun", sample: sampleHeun, automaticSchedule: "Uniform", order: 2, noise: "none" },
  {
    name: "DPM2",
    sample: sampleDpm2,
    automaticSchedule: "Karras",
    order: 2,
    noise: "none",
    discardPenultimate: true,
  },
  {
    name: "DPM2 a",
    sample: sampleDpm2Ancestral,
    automaticSchedule: "Karras",
    order: 2,
    noise: "ancestral",
    discardPenultimate: true,
  },
  {
    name: "DDIM",
    sample: sampleDdim,
    automaticSchedule: "DDIM",
    order: 1,
    noise: "ancestral",
    unitVarianceStart: true,
  },
  {
    name: "UniPC",
    sample: sampleUniPc,
    automaticSchedule: "Uniform",
    order: 1,
    noise: "none",
    discardPenultimate: true,
  },
  { name: "LCM", sample: sampleLcm, automaticSchedule: "Uniform", order: 1, noise: "ancestral" },
];

/** The row of a published name, or undefined. */
export function samplerNamed(name: string): SamplerRow | undefined {
  return samplers.find((row) => row.name === name);
}

/**
 * The sigmas of a run, with a final 0: the named schedule (or the sampler's own for "Automatic") over `steps` steps.
 * @returns undefined for an unknown schedule.
 */
export function sigmasFor(
  sampler: SamplerRow,
  scheduleName: string,
  steps: number,
  noise: NoiseSchedule,
): Float32Array | undefined {
  const name = scheduleName === AUTOMATIC_SCHEDULE ? sampler.automaticSchedule : scheduleName;
  const schedule = scheduleNamed(name);
  if (!schedule) return undefined;
  if (!sampler.discardPenultimate) return schedule.sigmas(steps, noise);
  const sigmas = schedule.sigmas(steps + 1, noise);
  return Float32Array.from([...sigmas.subarray(0, steps), 0]);
}

/** What unit noise is multiplied by to become the latents a run starts from, when it starts from nothing but noise. */
export function initialNoiseScale(sampler: SamplerRow, sigma: number): number {
  return sampler.unitVarianceStart ? Math.sqrt(1 + sigma * sigma) : sigma;
}
