// Asks a host a question whose answer is JSON, and turns what goes wrong into sentences. Downloads no files.

import { AppError } from "../../protocol/app-error.ts";
import { answerFailure, parseRetryAfter, readingForbidden, unreachable } from "./host-errors.ts";
import type { Source } from "./source.ts";
import { shownAddress } from "./web-address.ts";

// A model with hundreds of versions is about 2 MB; anything far above is not an answer but an attack.
const MAX_ANSWER_CHARS = 32 * 1024 * 1024;

export interface Question {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** The parsed answer and its headers. @throws AppError. */
export async function askHost(
  source: Pick<Source, "label" | "tokenHint">,
  { url, headers, signal }: Question,
): Promise<{ readonly json: unknown; readonly headers: Headers }> {
  const response = await fetch(url, {
    headers,
    signal,
    credentials: "omit",
    // Addresses of this app mean nothing to the host, and some hosts refuse requests by their referrer.
    referrerPolicy: "no-referrer",
  }).catch(async (cause: unknown) => {
    if (signal?.aborted) throw cause;
    throw (await failureWithoutAnswer(source, url, cause)).error;
  });
  if (!response.ok) {
    const retryAfter = parseRetryAfter(response.headers.get("Retry-After"));
    throw answerFailure(source, { status: response.status, url, retryAfter }).error;
  }
  const text = await response.text();
  if (text.length > MAX_ANSWER_CHARS) throw notUnderstood(source, url, `${text.length} characters`);
  try {
    return { json: JSON.parse(text) as unknown, headers: response.headers };
  } catch (cause) {
    throw notUnderstood(source, url, "other text", cause);
  }
}

export function notUnderstood(
  source: Pick<Source, "label">,
  url: string,
  got: string,
  cause?: unknown,
): AppError {
  return new AppError(
    "Network",
    `${source.label} answered in a way that Kiln does not understand. Try again later, or use the address of the file itself.`,
    { where: shownAddress(url), expected: "the documented answer", got },
    { cause },
  );
}

/**
 * A request without an answer is either no connection or an answer that the browser hides for lack of CORS headers. A
 * second request that must not read the answer tells them apart; it is ended before any body arrives.
 */
export async function failureWithoutAnswer(
  source: Pick<Source, "label" | "tokenHint">,
  url: string,
  cause: unknown,
): Promise<ReturnType<typeof unreachable>> {
  const ended = new AbortController();
  try {
    await fetch(url, {
      mode: "no-cors",
      credentials: "omit",
      referrerPolicy: "no-referrer",
      signal: ended.signal,
    });
    return readingForbidden(source, url);
  } catch {
    return unreachable(source, url, cause instanceof Error ? cause.message : String(cause), cause);
  } finally {
    ended.abort();
  }
}
