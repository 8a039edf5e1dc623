// Speed and time left of one transfer, smoothed so that they can be read. Takes times as arguments; starts no timers.

// The speed forgets what happened this long ago; shorter jumps about, longer lags behind.
const WINDOW_SECONDS = 5;

/** Bytes and seconds fade alike, so their quotient is right from the first report on, at whatever rate reports come. */
export class SpeedMeter {
  #lastTime: number;
  #lastBytes: number;
  #seconds = 0;
  #bytes = 0;

  constructor(now: number, bytes: number) {
    this.#lastTime = now;
    this.#lastBytes = bytes;
  }

  /** Bytes per second. Call at every report with all bytes so far; `now` in milliseconds. */
  measure(now: number, bytes: number): number {
    const seconds = (now - this.#lastTime) / 1000;
    const kept = Math.exp(-seconds / WINDOW_SECONDS);
    this.#seconds = this.#seconds * kept + seconds;
    this.#bytes = this.#bytes * kept + Math.max(0, bytes - this.#lastBytes);
    this.#lastTime = now;
    this.#lastBytes = bytes;
    return this.#seconds > 0 ? this.#bytes / this.#seconds : 0;
  }
}

/** undefined while the size is unknown or nothing moves. */
export function secondsLeft(
  bytesDone: number,
  bytesTotal: number | undefined,
  speed: number,
): number | undefined {
  if (bytesTotal === undefined || speed <= 0) return undefined;
  return Math.max(0, bytesTotal - bytesDone) / speed;
}
