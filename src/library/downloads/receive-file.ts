// One attempt to bring a file: asks for what is missing and appends it to the part until the body ends. Decides nothing about
// further attempts and does not verify the whole.

import { failureWithoutAnswer } from "../sources/ask-host.ts";
import {
  answerFailure,
  type HostFailure,
  pageInstead,
  parseRetryAfter,
  unreachable,
} from "../sources/host-errors.ts";
import type { FileRequest, Source } from "../sources/source.ts";
import type { ArrivingFile } from "./hashed-part.ts";
import { type ByteFacts, parseContentRange, readByteFacts, sameVersion } from "./range-answer.ts";
import { type OrderedBody, readInOrder } from "./read-in-order.ts";

// Asked for again and compared where nothing else proves that the file is still the same.
const OVERLAP_BYTES = 64 * 1024;

const FETCH_OPTIONS = {
  credentials: "omit",
  cache: "no-store",
  referrerPolicy: "no-referrer",
} as const satisfies RequestInit;

export interface Attempt {
  readonly source: Pick<Source, "label" | "tokenHint">;
  readonly request: FileRequest;
  readonly part: ArrivingFile;
  /** What is known of the right file; `digest` proves it in the end, wherever its bytes came from. */
  readonly expected: { readonly bytes?: number; readonly digest?: string };
  /** What the answer that the part came from said. */
  readonly before?: ByteFacts;
  readonly signal: AbortSignal;
  /** A connection that brings nothing for this long is given up. */
  readonly stallMs: number;
  /** Called before the first byte is written; may throw to end the attempt. */
  readonly onAnswer: (answer: FileAnswer) => Promise<void>;
}

export interface FileAnswer {
  readonly facts: ByteFacts;
  readonly disposition: string | null;
}

// Must not append a byte that does not follow the last one of the same file, as far as anything can tell.
// Must leave the part as it is when the connection ends, so that the next attempt goes on.
/** undefined when the body ended and nothing says that bytes are missing. Throws for a full disk and an ended signal. */
export async function receiveFile(attempt: Attempt): Promise<HostFailure | undefined> {
  const { part, expected, before, signal } = attempt;
  const total = expected.bytes ?? before?.total;
  if (total !== undefined && part.size > total) part.restart();
  if (total !== undefined && total > 0 && part.size === total) return undefined;

  const ifRange = part.size > 0 && attempt.request.preflight ? before?.etag : undefined;
  const proven = expected.digest !== undefined || ifRange !== undefined;
  const overlap = proven ? 0 : Math.min(part.size, OVERLAP_BYTES);
  const start = part.size - overlap;

  const stalled = new AbortController();
  const watch = watchStall(attempt.stallMs, stalled);
  const ended = AbortSignal.any([signal, stalled.signal]);
  try {
    const response = await fetch(attempt.request.url, {
      headers: { ...attempt.request.headers, ...rangeHeaders(start, ifRange) },
      signal: ended,
      ...FETCH_OPTIONS,
    });
    watch.moved();
    const failure = judgeAnswer(attempt, response, start);
    if (failure) {
      await response.body?.cancel();
      return failure;
    }
    return await receiveBody({ ...attempt, signal: ended }, response, start, overlap, () => watch.moved());
  } catch (cause) {
    if (signal.aborted) throw signal.reason;
    if (stalled.signal.aborted) {
      return unreachable(
        attempt.source,
        attempt.request.url,
        `nothing for ${attempt.stallMs / 1000} s`,
        cause,
      );
    }
    if (!(cause instanceof TypeError)) throw cause;
    // A body that breaks off is a TypeError too, but then there was an answer.
    if (watch.answered) return unreachable(attempt.source, attempt.request.url, cause.message, cause);
    // If-Range makes the browser ask for leave first; a host that does not understand the question may still do ranges.
    if (ifRange !== undefined) {
      return await receiveFile({ ...attempt, request: { ...attempt.request, preflight: false } });
    }
    return await failureWithoutAnswer(attempt.source, attempt.request.url, cause);
  } finally {
    watch.end();
  }
}

function rangeHeaders(start: number, ifRange: string | undefined): Readonly<Record<string, string>> {
  if (start === 0) return {};
  return { Range: `bytes=${start}-`, ...(ifRange !== undefined && { "If-Range": ifRange }) };
}

/** What makes an answer useless before its body is looked at. */
function judgeAnswer(attempt: Attempt, response: Response, start: number): HostFailure | undefined {
  const { source, request, part, before, expected } = attempt;
  const changed = (got: string): HostFailure => {
    part.restart();
    return unreachable(source, request.url, got);
  };
  if (response.status === 416 && start > 0) {
    const range = parseContentRange(response.headers.get("Content-Range"));
    // Everything had arrived; only the end was not seen.
    if (range?.total === part.size) return undefined;
    return changed("a file that ends before what has arrived");
  }
  if (!response.ok) {
    const retryAfter = parseRetryAfter(response.headers.get("Retry-After"));
    return answerFailure(source, { status: response.status, url: request.url, retryAfter });
  }
  const isPage = /^text\/html\b/i.test(response.headers.get("Content-Type") ?? "");
  if (isPage) return pageInstead(source, request.url);
  const facts = readByteFacts(response, start);
  if (response.status === 206 && facts.start !== start) return changed(`bytes from ${facts.start}`);
  const continues = response.status === 206 && start > 0;
  if (continues && before && expected.digest === undefined && !sameVersion(before, facts)) {
    return changed("another version of the file");
  }
  return undefined;
}

async function receiveBody(
  attempt: Attempt,
  response: Response,
  start: number,
  overlap: number,
  onMoved: () => void,
): Promise<HostFailure | undefined> {
  const { part, request, source, expected } = attempt;
  if (response.status === 416) return undefined;
  const facts = factsOf(response, start, expected.bytes);
  // Asked for a part, given the whole: the server does not do ranges, or the file has changed.
  if (response.status !== 206) part.restart();
  await attempt.onAnswer({ facts, disposition: response.headers.get("Content-Disposition") });

  const repeated = response.status === 206 ? part.tail(overlap) : new Uint8Array();
  let compared = 0;
  for await (const chunk of readInOrder({
    response,
    ...facts,
    openRange: rangeOpener(attempt, response, facts),
  })) {
    onMoved();
    const again = Math.min(chunk.byteLength, repeated.byteLength - compared);
    for (let i = 0; i < again; i++) {
      if (chunk[i] === repeated[compared + i]) continue;
      part.restart();
      return unreachable(source, request.url, "another version of the file");
    }
    compared += again;
    if (again < chunk.byteLength) part.append(chunk.subarray(again));
  }
  const total = expected.bytes ?? facts.total;
  if (total === undefined || part.size >= total) return undefined;
  return unreachable(source, request.url, `${part.size} of ${total} bytes`);
}

/**
 * Hosts send small text files compressed, with a Content-Length of what is sent, and hide from web pages that they do: where
 * the size is known, nothing else counts.
 */
function factsOf(response: Response, start: number, bytes: number | undefined): ByteFacts {
  const facts = readByteFacts(response, start);
  return bytes === undefined || response.status === 206 ? facts : { ...facts, total: bytes };
}

/**
 * Asks for further parts where they can be proven to be of the same file. They are asked for where the first answer came from
 * in the end: hosts count requests for their links, not those for what the links lead to.
 */
function rangeOpener(
  { request, expected, signal }: Attempt,
  first: Response,
  facts: ByteFacts,
): OrderedBody["openRange"] {
  if (expected.digest === undefined && facts.etag === undefined) return undefined;
  const url = first.url || request.url;
  const sameHost = new URL(url).origin === new URL(request.url).origin;
  return async (start, end, ended) => {
    const response = await fetch(url, {
      // A token is for the host it was given for.
      headers: { ...(sameHost && request.headers), Range: `bytes=${start}-${end - 1}` },
      signal: AbortSignal.any([signal, ended]),
      ...FETCH_OPTIONS,
    });
    const got = readByteFacts(response, start);
    const proven = expected.digest !== undefined || got.etag === facts.etag;
    if (response.status === 206 && got.start === start && proven) return response;
    await response.body?.cancel();
    throw new TypeError(`Asked for a part of the file, got status ${response.status}.`);
  };
}

function watchStall(
  ms: number,
  stalled: AbortController,
): { readonly answered: boolean; moved(): void; end(): void } {
  let answered = false;
  let last = performance.now();
  const timer = setInterval(
    () => {
      if (performance.now() - last >= ms) stalled.abort();
    },
    Math.min(ms, 1000),
  );
  return {
    get answered() {
      return answered;
    },
    moved() {
      answered = true;
      last = performance.now();
    },
    end: () => clearInterval(timer),
  };
}
