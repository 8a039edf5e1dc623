// How often a service may be asked: a few at once, then one a second, and never more than so many a minute. Asks nothing.

/** Time as the limiter sees it; tests bring their own. */
export interface Clock {
  now(): number;
  /** Rejects with the signal's reason when it is aborted first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const abort = (): void => {
        clearTimeout(timer);
        reject(signal?.reason as Error);
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener("abort", abort);
        resolve();
      }, ms);
      signal?.addEventListener("abort", abort, { once: true });
    }),
};

export interface RateLimits {
  readonly perMinute: number;
  /** Between requests once the burst is used up. */
  readonly spacingMs: number;
  /** Requests that may go out together after a rest. */
  readonly burst: number;
}

const MINUTE_MS = 60_000;

/** Hands out turns in the order they were asked for. */
export class RateLimiter {
  readonly #limits: RateLimits;
  readonly #clock: Clock;
  /** When turns of the last minute were taken, oldest first. */
  #taken: number[] = [];
  #tokens: number;
  #filledAt: number;
  #notBefore = -Infinity;
  #queue: Promise<void> = Promise.resolve();

  constructor(limits: RateLimits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
    this.#tokens = limits.burst;
    this.#filledAt = clock.now();
  }

  /** Milliseconds until a turn would be free, leaving aside those who already wait. */
  waitMs(): number {
    const now = this.#clock.now();
    this.#refill(now);
    const { perMinute, spacingMs } = this.#limits;
    const minute = this.#taken.length < perMinute ? 0 : this.#taken[0] + MINUTE_MS - now;
    const token = this.#tokens >= 1 ? 0 : (1 - this.#tokens) * spacingMs;
    return Math.max(0, minute, token, this.#notBefore - now);
  }

  /** Resolves when the caller may ask. Rejects when `signal` is aborted; the turn then stays free. */
  take(signal?: AbortSignal): Promise<void> {
    const turn = this.#queue.then(async () => {
      signal?.throwIfAborted();
      for (let wait = this.waitMs(); wait > 0; wait = this.waitMs()) await this.#clock.sleep(wait, signal);
      this.#tokens -= 1;
      this.#taken.push(this.#clock.now());
    });
    this.#queue = turn.catch(() => undefined);
    return turn;
  }

  /** The service asked for a pause: nobody gets a turn before it is over. */
  pause(ms: number): void {
    this.#notBefore = Math.max(this.#notBefore, this.#clock.now() + ms);
  }

  #refill(now: number): void {
    const { burst, spacingMs } = this.#limits;
    this.#tokens = Math.min(burst, this.#tokens + (now - this.#filledAt) / spacingMs);
    // Sums of fractions end just below the whole number that they stand for.
    if (Math.abs(this.#tokens - Math.round(this.#tokens)) < 1e-6) this.#tokens = Math.round(this.#tokens);
    this.#filledAt = now;
    this.#taken = this.#taken.filter((at) => now - at < MINUTE_MS);
  }
}
