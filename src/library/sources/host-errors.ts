// What a host's refusal means, as a sentence that tells what to do. One table for downloads and for questions to hosts.

import { AppError, type AppErrorName } from "../../protocol/app-error.ts";
import { shownAddress } from "./web-address.ts";

/** What to do next: ask again later, try another address of the same file, or nothing without the user. */
export type Remedy = "again" | "elsewhere" | "user";

export interface HostAnswer {
  readonly status: number;
  readonly url: string;
  /** Seconds; hosts that do not expose Retry-After leave it out. */
  readonly retryAfter?: number;
}

interface Asker {
  readonly label: string;
  readonly tokenHint: string;
}

interface Row {
  readonly name: AppErrorName;
  readonly remedy: Remedy;
  readonly says: (asker: Asker, answer: HostAnswer) => string;
}

const denied: Row = {
  name: "AccessDenied",
  remedy: "elsewhere",
  says: ({ label, tokenHint }) => `${label} does not give this file to everybody. ${tokenHint}`,
};

const gone: Row = {
  name: "FileNotFound",
  remedy: "elsewhere",
  says: ({ label }) =>
    `${label} has no file at this address (any more). Check the address, or look for another version of the model.`,
};

const busy: Row = {
  name: "Network",
  remedy: "again",
  says: ({ label }, { status }) => `${label} has trouble of its own (status ${status}). Kiln tries again.`,
};

const ROWS: Readonly<Record<number, Row>> = {
  401: denied,
  403: denied,
  404: gone,
  408: busy,
  410: gone,
  416: {
    name: "Network",
    remedy: "elsewhere",
    says: ({ label }) =>
      `${label} no longer has the file that this download began with. Remove the download and start it again.`,
  },
  425: busy,
  429: {
    name: "Network",
    remedy: "again",
    says: ({ label }, { retryAfter }) =>
      `${label} asks for a pause${retryAfter ? ` of ${Math.ceil(retryAfter)} s` : ""}, because too much was asked of it. Kiln waits and goes on.`,
  },
  451: {
    name: "AccessDenied",
    remedy: "elsewhere",
    says: ({ label }) =>
      `${label} is not allowed to give this file to your country. Try another source of the model.`,
  },
};

function rowOf(status: number): Row {
  if (ROWS[status]) return ROWS[status];
  if (status >= 500) return busy;
  return {
    name: "Network",
    remedy: "elsewhere",
    says: ({ label }) =>
      `${label} refused with status ${status}. Open the address in a tab to see what it says.`,
  };
}

/** A failure on the way to a file, with what to do about it. */
export interface HostFailure {
  readonly error: AppError;
  readonly remedy: Remedy;
  readonly retryAfter?: number;
  /** The host can be reached but does not let this page read the file. */
  readonly forbidsReading?: boolean;
}

export function answerFailure(asker: Asker, answer: HostAnswer): HostFailure {
  const { name, remedy, says } = rowOf(answer.status);
  const { status, url, retryAfter } = answer;
  const details = { where: shownAddress(url), expected: "the file", got: `status ${status}`, status };
  return { error: new AppError(name, says(asker, answer), details), remedy, retryAfter };
}

/** The host answered with a web page: nearly always its sign-in page. */
export function pageInstead(asker: Asker, url: string): HostFailure {
  const message = `${asker.label} answered with a web page instead of the file. ${asker.tokenHint}`;
  const details = { where: shownAddress(url), expected: "a file", got: "a web page" };
  return { error: new AppError("AccessDenied", message, details), remedy: "elsewhere", forbidsReading: true };
}

export function unreachable(asker: Asker, url: string, got: string, cause?: unknown): HostFailure {
  const message = `The connection to ${asker.label} was lost. Kiln tries again; what has arrived is kept.`;
  const details = { where: shownAddress(url), expected: "an answer", got };
  return { error: new AppError("Network", message, details, { cause }), remedy: "again" };
}

/** The browser hides everything about an answer that lacks CORS headers. */
export function readingForbidden(asker: Asker, url: string): HostFailure {
  const message = `${asker.label} does not let web apps read this file. Open the link to download it normally, then pick the file here. ${asker.tokenHint}`;
  const details = { where: shownAddress(url), expected: "leave to read the file", got: "an opaque answer" };
  return { error: new AppError("AccessDenied", message, details), remedy: "elsewhere", forbidsReading: true };
}

/** Seconds of a Retry-After header: a number or a date. */
export function parseRetryAfter(value: string | null, now = Date.now()): number | undefined {
  if (value === null || value.trim() === "") return undefined;
  const seconds = Number(value);
  if (Number.isFinite(seconds)) return seconds < 0 ? undefined : seconds;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, (date - now) / 1000);
}
