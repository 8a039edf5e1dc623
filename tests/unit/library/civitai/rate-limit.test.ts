// The rate limiter on a clock that only moves when somebody sleeps.

import { describe, expect, test } from "vitest";
import { type Clock, RateLimiter } from "../../../../src/library/civitai/rate-limit.ts";

function testClock(): Clock & { time: number } {
  const clock = {
    time: 0,
    now: () => clock.time,
    sleep: (ms: number, signal?: AbortSignal) => {
      if (signal?.aborted) return Promise.reject(signal.reason as Error);
      clock.time += ms;
      return Promise.resolve();
    },
  };
  return clock;
}

async function takeTimes(limiter: RateLimiter, clock: { time: number }, count: number): Promise<number[]> {
  const times: number[] = [];
  for (let i = 0; i < count; i++) {
    await limiter.take();
    times.push(clock.time);
  }
  return times;
}

describe("turns", () => {
  test("a burst goes out at once, then one a second", async () => {
    const clock = testClock();
    const limiter = new RateLimiter({ perMinute: 60, spacingMs: 1000, burst: 3 }, clock);
    expect(await takeTimes(limiter, clock, 6)).toEqual([0, 0, 0, 1000, 2000, 3000]);
  });

  test("never more than the minute allows, in any window of a minute", async () => {
    const clock = testClock();
    const limiter = new RateLimiter({ perMinute: 10, spacingMs: 1000, burst: 3 }, clock);
    const times = await takeTimes(limiter, clock, 40);
    for (const [i, time] of times.entries()) {
      const inWindow = times.slice(i).filter((other) => other < time + 60_000).length;
      expect(inWindow).toBeLessThanOrEqual(10);
    }
    expect(times[10]).toBe(60_000);
  });

  test("a rest fills the burst again, but no further", async () => {
    const clock = testClock();
    const limiter = new RateLimiter({ perMinute: 60, spacingMs: 1000, burst: 2 }, clock);
    await takeTimes(limiter, clock, 2);
    clock.time = 50_000;
    expect(await takeTimes(limiter, clock, 3)).toEqual([50_000, 50_000, 51_000]);
  });

  test("a pause holds everybody back, and waitMs tells it", async () => {
    const clock = testClock();
    const limiter = new RateLimiter({ perMinute: 60, spacingMs: 1000, burst: 2 }, clock);
    limiter.pause(5000);
    expect(limiter.waitMs()).toBe(5000);
    await limiter.take();
    expect(clock.time).toBe(5000);
  });

  test("whoever gives up leaves the turn to the next", async () => {
    const clock = testClock();
    const limiter = new RateLimiter({ perMinute: 60, spacingMs: 1000, burst: 1 }, clock);
    await limiter.take();
    const gaveUp = new AbortController();
    gaveUp.abort(new Error("enough"));
    await expect(limiter.take(gaveUp.signal)).rejects.toThrow("enough");
    await limiter.take();
    expect(clock.time).toBe(1000);
  });
});
