// The settings of downloads and sources as the page sees them, and their checks. Tokens stay inside.

import { AppError } from "../../protocol/app-error.ts";
import { DEFAULT_HOSTS, type DownloadSettings, type SourceHosts } from "../../protocol/downloads-api.ts";
import { parseWebAddress } from "../sources/web-address.ts";
import type { StoredSourceSettings } from "./download-journal.ts";

const MAX_PARALLEL = 8;

export type SettingsChange = Partial<Pick<DownloadSettings, "parallel" | "hosts" | "googleClientId">>;

export function hostsOf(settings: StoredSourceSettings): SourceHosts {
  return { ...DEFAULT_HOSTS, ...settings.hosts };
}

export function publicSettings(settings: StoredSourceSettings): DownloadSettings {
  const { parallel, tokens, googleClientId } = settings;
  return {
    parallel,
    hosts: hostsOf(settings),
    tokens: Object.fromEntries(
      Object.entries(tokens).map(([source, token]) => [source, token !== undefined]),
    ),
    ...(googleClientId !== undefined && { googleClientId }),
  };
}

/** @throws AppError InvalidRequest. */
export function requireValidSettings({ parallel, hosts = DEFAULT_HOSTS }: SettingsChange): void {
  if (parallel !== undefined && (!Number.isInteger(parallel) || parallel < 1 || parallel > MAX_PARALLEL)) {
    throw new AppError("InvalidRequest", `Choose 1 to ${MAX_PARALLEL} downloads at once.`, {
      where: "parallel",
      expected: `1 to ${MAX_PARALLEL}`,
      got: String(parallel),
    });
  }
  for (const [name, host] of Object.entries(hosts) as [string, string | undefined][]) {
    if (host === undefined || (parseWebAddress(host) && !host.endsWith("/"))) continue;
    throw new AppError(
      "InvalidRequest",
      `"${host}" is no address of a server. Write it like https://host.example.`,
      {
        where: `hosts.${name}`,
        expected: "https://host or https://host/path, without a slash at the end",
        got: host,
      },
    );
  }
}
