// Finds one model at Civitai: by a pasted address or by its hashes, strongest first. Stores nothing.

import type { CivitaiAnswer, CivitaiModel, CivitaiPick, CivitaiVersion } from "../../protocol/civitai-api.ts";
import type { ModelMetadata } from "../../protocol/metadata-api.ts";
import type { ModelHashes } from "../../protocol/model-hashes.ts";
import { hashCandidates } from "./hash-kinds.ts";
import { kindOfName } from "./model-kinds.ts";

/** The part of the Civitai client that lookups use. */
export interface LookupCatalog {
  versionByHash(hash: string, fresh?: boolean): Promise<CivitaiAnswer<CivitaiVersion | null>>;
  versionsByHash(sha256: readonly string[]): Promise<CivitaiAnswer<Readonly<Record<string, CivitaiVersion>>>>;
  model(modelId: number): Promise<CivitaiAnswer<CivitaiModel>>;
  resolve(address: string): Promise<CivitaiAnswer<CivitaiPick>>;
}

export interface Found {
  readonly version: CivitaiVersion;
  /** Absent when it could not be had: what the version says is then all. */
  readonly model?: CivitaiModel;
}

/** undefined when Civitai knows none of its hashes. @throws AppError when it cannot be asked. */
export async function lookUp(
  catalog: LookupCatalog,
  metadata: ModelMetadata,
  options: { readonly address?: string; readonly hashes?: ModelHashes },
): Promise<Found | undefined> {
  if (options.address !== undefined) return (await catalog.resolve(options.address)).value;
  const version = await versionOf(catalog, metadata, options.hashes);
  if (!version) return undefined;
  // The lookup has succeeded without it; it only adds tags and licence.
  const model = await catalog.model(version.modelId).then(
    (answer) => answer.value,
    () => undefined,
  );
  return { version, model };
}

async function versionOf(
  catalog: LookupCatalog,
  metadata: ModelMetadata,
  hashes: ModelHashes | undefined,
): Promise<CivitaiVersion | undefined> {
  for (const { digest, weak } of hashCandidates(metadata, hashes)) {
    const answer = await catalog.versionByHash(digest, true);
    // A stale "found" is better than none; a failure with nothing to show was thrown by the client.
    if (answer.value && (!weak || isPlausible(metadata, answer.value))) return answer.value;
  }
  return undefined;
}

/** Eight or ten digits can be equal by chance, but seldom for a model of the same kind. */
function isPlausible(metadata: ModelMetadata, version: CivitaiVersion): boolean {
  const kind = kindOfName(version.modelType ?? "");
  return metadata.kind === null || kind === null || kind === metadata.kind;
}
