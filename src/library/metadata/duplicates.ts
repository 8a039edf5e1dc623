// Which models of the library are the same thing twice. Deletes nothing.

import type { DuplicateGroup, ModelMetadata } from "../../protocol/metadata-api.ts";
import { groupBy } from "../../shared/group-by.ts";

/** Equal files first; then files that are one version at Civitai in several shapes, unless they are equal already. */
export function findDuplicates(models: readonly ModelMetadata[]): DuplicateGroup[] {
  const sameFile = groups(models, ({ hash_sha256 }) => hash_sha256);
  const ofFile = new Set(sameFile.map((ids) => ids.join()));
  const sameVersion = groups(models, ({ civitai_version_id: version }) =>
    version === null ? "" : String(version),
  ).filter((ids) => !ofFile.has(ids.join()));
  return [
    ...sameFile.map((ids) => ({ reason: "same-file", ids }) as const),
    ...sameVersion.map((ids) => ({ reason: "same-version", ids }) as const),
  ];
}

function groups(
  models: readonly ModelMetadata[],
  keyOf: (model: ModelMetadata) => string,
): (readonly string[])[] {
  const byKey = groupBy(models, keyOf);
  byKey.delete("");
  return [...byKey.values()].filter((group) => group.length > 1).map((group) => group.map(({ id }) => id));
}
