// What is in the library already, by hash: of models that are one file, and of the parts of those that are several.

import type { ModelRecord } from "../protocol/library-api.ts";

export function ownedHashes(models: readonly ModelRecord[]): ReadonlySet<string> {
  return new Set(
    models.flatMap(({ sha256, parts = [] }) => [sha256, ...parts.flatMap((part) => part.sha256 ?? [])]),
  );
}

/** A model of several files is here when all of them are, as far as their hashes are known. */
export function isOwned(files: readonly { readonly sha256?: string }[], owned: ReadonlySet<string>): boolean {
  const known = files.flatMap(({ sha256 }) => sha256 ?? []);
  return known.length > 0 && known.every((sha256) => owned.has(sha256));
}
