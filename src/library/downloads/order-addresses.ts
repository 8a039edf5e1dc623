// In which order the addresses of one file are tried: as given, but what failed lately comes last.

import type { DownloadEntry } from "./download-journal.ts";

// After this a host deserves another chance at its place.
const REMEMBERED_MS = 24 * 60 * 60_000;

/** `failedOrigins`: when each origin last failed for good. */
export function orderAddresses(
  entry: Pick<DownloadEntry, "address" | "alternatives" | "partFrom">,
  failedOrigins: Readonly<Record<string, number>>,
  now = Date.now(),
): readonly string[] {
  const all = [...new Set([entry.address, ...entry.alternatives])];
  const rank = (address: string): number => {
    // Going on where the part came from needs no leap of faith.
    if (address === entry.partFrom) return 0;
    const failedAt = failedOrigins[originOf(address)];
    return failedAt !== undefined && now - failedAt < REMEMBERED_MS ? 2 : 1;
  };
  return all.sort((a, b) => rank(a) - rank(b));
}

/** The address's origin; AIR names and ipfs addresses are their own. */
export function originOf(address: string): string {
  const origin = URL.canParse(address) ? new URL(address).origin : "null";
  return origin === "null" ? address : origin;
}
