// Reports the progress of one download at a steady rate while it is busy, also while nothing moves, so that the speed falls.

import type { DownloadProgress } from "../../protocol/downloads-api.ts";
import { secondsLeft, SpeedMeter } from "./speed-meter.ts";

// Between the two and ten a second that people can follow.
const REPORT_MS = 250;

export interface ProgressNow {
  readonly bytesDone: number;
  readonly bytesTotal?: number;
  /** Bytes that are read again from the disk have no speed. */
  readonly checking?: boolean;
}

export class ProgressReporter {
  readonly #send: (progress: DownloadProgress) => void;
  readonly #id: string;
  #timer: ReturnType<typeof setInterval> | undefined;
  #meter: SpeedMeter | undefined;
  #read: () => ProgressNow = () => ({ bytesDone: 0 });

  constructor(send: (progress: DownloadProgress) => void, id: string) {
    this.#send = send;
    this.#id = id;
  }

  /** `read` is asked at every report from now on. */
  start(read: () => ProgressNow): void {
    this.#read = read;
    if (this.#timer !== undefined) return;
    this.#timer = setInterval(() => this.#report(), REPORT_MS);
    this.#report();
  }

  stop(): void {
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #report(): void {
    const { bytesDone, bytesTotal, checking = false } = this.#read();
    if (checking) this.#meter = undefined;
    else this.#meter ??= new SpeedMeter(performance.now(), bytesDone);
    const bytesPerSecond = this.#meter?.measure(performance.now(), bytesDone) ?? 0;
    const left = secondsLeft(bytesDone, bytesTotal, bytesPerSecond);
    this.#send({
      id: this.#id,
      bytesDone,
      bytesPerSecond,
      ...(bytesTotal !== undefined && { bytesTotal }),
      ...(bytesTotal && { percent: Math.min(100, (100 * bytesDone) / bytesTotal) }),
      ...(left !== undefined && { secondsLeft: left }),
    });
  }
}
