// Why Civitai did not answer, as sentences that tell what to do. One table; sends nothing but the probe at the end.

import { AppError, type AppErrorName } from "../../protocol/app-error.ts";

export type FailureReason =
  | "offline"
  | "unreachable"
  | "unreadable" // an answer came, but without leave to read it: CORS, or a region block
  | "region"
  | "rate-limit"
  | "server"
  | "denied"
  | "not-found"
  | "refused"
  | "not-understood";

interface FailureRow {
  readonly name: AppErrorName;
  readonly says: (host: string) => string;
  /** Trying the same again soon may help. */
  readonly again: boolean;
}

const otherHost = (host: string): string => (host === "civitai.com" ? "civitai.red" : "civitai.com");

const ROWS: Readonly<Record<FailureReason, FailureRow>> = {
  offline: {
    name: "Network",
    says: () => "You are offline. What Kiln knows already stays usable; try again when you are back online.",
    again: false,
  },
  unreachable: {
    name: "Network",
    says: (host) => `${host} could not be reached. Check the connection, or try again in a minute.`,
    again: true,
  },
  unreadable: {
    name: "Network",
    says: (host) =>
      `${host} answers, but not in a way that a web page may read. It does so for countries it has blocked and when its servers are set up wrongly. Try ${otherHost(host)} in the settings, or open the model's page in a tab.`,
    again: false,
  },
  region: {
    name: "Network",
    says: (host) =>
      `${host} does not serve your country. Kiln cannot change that; a model file you already have can still be added by hand.`,
    again: false,
  },
  "rate-limit": {
    name: "Network",
    says: (host) => `${host} asks for a pause, because too much was asked of it. Try again in a minute.`,
    again: true,
  },
  server: {
    name: "Network",
    says: (host) => `${host} has trouble of its own. Try again in a minute.`,
    again: true,
  },
  denied: {
    name: "Network",
    says: (host) =>
      `${host} does not show this to everybody. Sign in there, make an API key in your account settings and enter it in Kiln's settings.`,
    again: false,
  },
  "not-found": {
    name: "ModelNotFound",
    says: (host) =>
      `${host} has no such model or version (any more). Check the address, or search for the name.`,
    again: false,
  },
  refused: {
    name: "Network",
    says: (host) => `${host} did not accept the question. Change the search and try again.`,
    again: false,
  },
  "not-understood": {
    name: "FileFormat",
    says: (host) => `${host} answered in a way that Kiln does not understand. Try again later.`,
    again: false,
  },
};

export function civitaiFailure(
  reason: FailureReason,
  details: {
    readonly host: string;
    readonly where: string;
    readonly expected?: string;
    readonly got: string;
  },
  cause?: unknown,
): AppError {
  const { host, where, expected = "the documented answer", got } = details;
  const { name, says } = ROWS[reason];
  return new AppError(name, says(host), { where, expected, got, reason }, { cause });
}

export function mayTryAgain(error: AppError): boolean {
  return ROWS[error.details.reason as FailureReason]?.again ?? false;
}

export function reasonOfStatus(status: number): FailureReason {
  if (status === 401 || status === 403) return "denied";
  if (status === 404 || status === 410) return "not-found";
  if (status === 429) return "rate-limit";
  if (status === 451) return "region";
  return status >= 500 ? "server" : "refused";
}

/**
 * A request that ended without an answer: no connection, or an answer that the browser hides. A second request whose
 * answer nobody wants to read tells them apart. `url` must not hold a token.
 */
export async function reasonWithoutAnswer(url: string, online: boolean): Promise<FailureReason> {
  if (!online) return "offline";
  const ended = new AbortController();
  try {
    await fetch(url, {
      mode: "no-cors",
      credentials: "omit",
      referrerPolicy: "no-referrer",
      signal: ended.signal,
    });
    return "unreadable";
  } catch {
    return "unreachable";
  } finally {
    ended.abort();
  }
}
