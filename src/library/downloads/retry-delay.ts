// How long to wait before trying again: exponential with jitter, or what the host asked for. Waits for nothing itself.

const FIRST_MS = 1000;
const LONGEST_MS = 5 * 60_000;
// What a host asks for is believed up to this.
const LONGEST_ASKED_MS = 60 * 60_000;

/** Attempts in a row that bring no new byte before a download fails. */
export const MAX_FRUITLESS_ATTEMPTS = 8;

/**
 * `fruitless`: attempts in a row without a new byte, from 1. Between half and the whole of the doubled delay, so that many
 * downloads that broke together do not all come back together.
 */
export function retryDelay(
  fruitless: number,
  retryAfterSeconds: number | undefined,
  random: () => number = Math.random,
): number {
  const doubled = Math.min(LONGEST_MS, FIRST_MS * 2 ** (fruitless - 1));
  const delay = doubled * (0.5 + random() / 2);
  if (retryAfterSeconds === undefined) return delay;
  return Math.max(delay, Math.min(LONGEST_ASKED_MS, retryAfterSeconds * 1000));
}
