// Measures a job: seconds per phase, per step, and what is left. Pure arithmetic over an injected clock.

import type { PhaseSeconds } from "../protocol/generation-request.ts";

export type Phase = keyof PhaseSeconds;

/** Adds up seconds per phase; `during("load", ...)` inside another phase is taken out of that one. */
export class PhaseClock {
  readonly #now: () => number;
  readonly #seconds: Record<Phase, number> = { load: 0, text: 0, steps: 0, decode: 0 };
  #phase: Phase | undefined;
  #since = 0;

  /** `now` in milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  async during<T>(phase: Phase, task: () => Promise<T>): Promise<T> {
    const outer = this.#phase;
    this.#switchTo(phase);
    try {
      return await task();
    } finally {
      this.#switchTo(outer);
    }
  }

  get seconds(): PhaseSeconds {
    this.#switchTo(this.#phase);
    return { ...this.#seconds };
  }

  #switchTo(phase: Phase | undefined): void {
    const now = this.#now();
    if (this.#phase) this.#seconds[this.#phase] += (now - this.#since) / 1000;
    this.#phase = phase;
    this.#since = now;
  }
}

/** The newest step weighs this much in the running mean: the first ones compile shaders and are slow. */
const NEWEST_WEIGHT = 0.3;
/** A decode takes about as long as this many steps until one was measured. */
const DECODE_STEPS = 2;

/** Where a job stands, in seconds and as a fraction. */
export interface Progress {
  readonly secondsPerStep: number;
  readonly secondsLeft: number;
  /** 0 to 1. */
  readonly fraction: number;
}

/** Estimates from the steps and decodes seen so far. */
export class ProgressEstimate {
  readonly #batches: number;
  readonly #steps: number;
  #perStep: number | undefined;
  #perDecode: number | undefined;
  #totalSeconds = 0;
  #totalSteps = 0;

  constructor(batches: number, steps: number) {
    this.#batches = batches;
    this.#steps = steps;
  }

  /** Mean over all steps of the job; 0 before the first. */
  get meanSecondsPerStep(): number {
    return this.#totalSteps === 0 ? 0 : this.#totalSeconds / this.#totalSteps;
  }

  addDecode(seconds: number): void {
    this.#perDecode = seconds;
  }

  /** `step` steps of batch `batch` (0-based) are done; the last one took `seconds`. */
  addStep(batch: number, step: number, seconds: number): Progress {
    this.#totalSeconds += seconds;
    this.#totalSteps += 1;
    this.#perStep =
      this.#perStep === undefined ? seconds : this.#perStep + NEWEST_WEIGHT * (seconds - this.#perStep);
    const decode = this.#perDecode ?? this.#perStep * DECODE_STEPS;
    const whole = this.#batches * (this.#steps * this.#perStep + decode);
    const batchesLeft = this.#batches - batch - 1;
    const secondsLeft =
      (this.#steps - step + batchesLeft * this.#steps) * this.#perStep + (batchesLeft + 1) * decode;
    return {
      secondsPerStep: this.#perStep,
      secondsLeft,
      fraction: whole === 0 ? 0 : Math.min(1, Math.max(0, 1 - secondsLeft / whole)),
    };
  }
}
