// One question to Civitai: waits for its turn, asks, tries again where that helps. Parses JSON only; keeps nothing.

import { AppError, isAppError } from "../../protocol/app-error.ts";
import { civitaiFailure, mayTryAgain, reasonOfStatus, reasonWithoutAnswer } from "./civitai-failures.ts";
import { type Clock, type RateLimiter } from "./rate-limit.ts";

const MAX_ATTEMPTS = 4;
const FIRST_PAUSE_MS = 2_000;
const MAX_PAUSE_MS = 60_000;
// A model with hundreds of versions is about 2 MB.
const MAX_ANSWER_CHARACTERS = 32 * 1024 * 1024;
// Longer than this for a turn without a key is a reason to use the key.
const PATIENCE_MS = 1_500;

export interface CivitaiQuestion {
  /** Below the host: "/api/v1/models?limit=20". Never with a token. */
  readonly path: string;
  /** Makes it a POST with JSON. Only for endpoints that answer preflights. */
  readonly body?: unknown;
}

export interface CivitaiConnection {
  /** "civitai.com", for messages. */
  readonly host: string;
  /** "https://civitai.com". */
  readonly base: string;
  readonly token?: string;
  readonly anonymous: RateLimiter;
  readonly keyed: RateLimiter;
  readonly clock: Clock;
  /** 0 to below 1. */
  readonly random: () => number;
  readonly online: () => boolean;
}

// Must not set headers on a GET: several endpoints fail at the preflight that any header would cause.
// Must use the token only where the service wants one, and must not let it into errors.
export async function askCivitai(
  connection: CivitaiConnection,
  question: CivitaiQuestion,
  signal?: AbortSignal,
): Promise<unknown> {
  const { token, anonymous, keyed } = connection;
  let withToken = token !== undefined && anonymous.waitMs() > PATIENCE_MS;
  for (let attempt = 1; ; attempt++) {
    await (withToken ? keyed : anonymous).take(signal);
    try {
      return await askOnce(connection, question, withToken ? token : undefined, signal);
    } catch (error) {
      if (!isAppError(error)) throw error;
      const wantsToken = ["denied", "rate-limit"].includes(String(error.details.reason));
      if (wantsToken && token !== undefined && !withToken) {
        withToken = true;
        continue;
      }
      if (attempt >= MAX_ATTEMPTS || !mayTryAgain(error)) throw error;
      const pause = pauseMs(attempt, error.details.retryAfter, connection.random);
      if (error.details.reason === "rate-limit") (withToken ? keyed : anonymous).pause(pause);
      await connection.clock.sleep(pause, signal);
    }
  }
}

/** Twice as long each time, by chance up to half shorter, so that many tabs do not come back together. */
function pauseMs(attempt: number, retryAfter: unknown, random: () => number): number {
  const growing = FIRST_PAUSE_MS * 2 ** (attempt - 1) * (0.5 + random() / 2);
  const asked = typeof retryAfter === "number" ? retryAfter * 1000 : 0;
  return Math.min(MAX_PAUSE_MS, Math.max(growing, asked));
}

async function askOnce(
  connection: CivitaiConnection,
  question: CivitaiQuestion,
  token: string | undefined,
  signal?: AbortSignal,
): Promise<unknown> {
  const { host, base } = connection;
  const url = new URL(question.path, base);
  const where = `${host}${url.pathname}`;
  const plainUrl = url.href;
  if (token !== undefined) url.searchParams.set("token", token);
  const post: RequestInit =
    question.body === undefined
      ? {}
      : {
          method: "POST",
          headers: { "Content-Type": "application/json" },
          body: JSON.stringify(question.body),
        };
  let response: Response;
  try {
    response = await fetch(url, { ...post, credentials: "omit", referrerPolicy: "no-referrer", signal });
  } catch {
    // The browser's own message may quote the address, so it is not passed on.
    signal?.throwIfAborted();
    const reason = await reasonWithoutAnswer(plainUrl, connection.online());
    throw civitaiFailure(reason, { host, where, expected: "an answer", got: "none that can be read" });
  }
  if (!response.ok) throw failureOf(response, host, where);
  return await readJson(response, host, where, signal);
}

function failureOf(response: Response, host: string, where: string): AppError {
  const { status } = response;
  const failure = civitaiFailure(reasonOfStatus(status), { host, where, got: `status ${status}` });
  // Readable only where the host exposes the header.
  const retryAfter = Number(response.headers.get("Retry-After") ?? NaN);
  if (!(retryAfter >= 0)) return failure;
  return new AppError(failure.name, failure.message, { ...failure.details, retryAfter });
}

async function readJson(
  response: Response,
  host: string,
  where: string,
  signal?: AbortSignal,
): Promise<unknown> {
  let body: string;
  try {
    body = await response.text();
  } catch {
    signal?.throwIfAborted();
    throw civitaiFailure("unreachable", { host, where, got: "an answer that was cut off" });
  }
  if (body.length > MAX_ANSWER_CHARACTERS) {
    throw civitaiFailure("not-understood", { host, where, got: `${body.length} characters` });
  }
  try {
    return JSON.parse(body) as unknown;
  } catch {
    throw civitaiFailure("not-understood", { host, where, expected: "JSON", got: "other text" });
  }
}
