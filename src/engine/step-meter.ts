// Times sampler steps against the runtime's busy time: progress for the page and the share of a step that is our own.

import { ProgressEstimate, type Progress } from "./job-clock.ts";

/** Something that knows how long it was busy; the runtime. */
export interface BusyClock {
  readonly busySeconds: number;
}

export class StepMeter {
  readonly #busy: BusyClock;
  readonly #estimate: ProgressEstimate;
  #stepStart = 0;
  #busyStart = 0;
  #stepSeconds = 0;
  #busySeconds = 0;

  constructor(busy: BusyClock, batches: number, steps: number) {
    this.#busy = busy;
    this.#estimate = new ProgressEstimate(batches, steps);
  }

  /** A step begins now. */
  begin(): void {
    this.#stepStart = performance.now();
    this.#busyStart = this.#busy.busySeconds;
  }

  /** `step` steps of batch `batch` are done, and the next one begins. */
  end(batch: number, step: number): Progress {
    const seconds = (performance.now() - this.#stepStart) / 1000;
    this.#stepSeconds += seconds;
    this.#busySeconds += this.#busy.busySeconds - this.#busyStart;
    this.begin();
    return this.#estimate.addStep(batch, step, seconds);
  }

  addDecode(seconds: number): void {
    this.#estimate.addDecode(seconds);
  }

  get secondsPerStep(): number {
    return this.#estimate.meanSecondsPerStep;
  }

  /** 0 to 1. */
  get overheadShare(): number {
    return this.#stepSeconds === 0 ? 0 : Math.max(0, 1 - this.#busySeconds / this.#stepSeconds);
  }
}
