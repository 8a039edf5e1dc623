// The models that the app's own manifest recommends to download. Reads the manifest; downloads nothing.

import type { DownloadRequest } from "../protocol/downloads-api.ts";
import { type ManifestModel, parseManifest } from "../protocol/model-manifest.ts";

/** The one file of a manifest entry that is the model itself. */
function mainFile({ files, type }: ManifestModel): ManifestModel["files"][number] | undefined {
  return files.find(({ role }) => role === type) ?? files.at(0);
}

/** Entries with files on other hosts, as far as they are not here yet. Empty when the manifest cannot be read. */
export async function readRecommended(
  baseUrl: string,
  owned: ReadonlySet<string>,
): Promise<readonly ManifestModel[]> {
  const response = await fetch(new URL("models-manifest.json", baseUrl));
  if (!response.ok) return [];
  const { models } = parseManifest(await response.json());
  return models.filter((model) => {
    const file = mainFile(model);
    return file?.path === undefined && (file?.urls?.length ?? 0) > 0 && !owned.has(file?.sha256 ?? "");
  });
}

export function downloadOf(model: ManifestModel): DownloadRequest | undefined {
  const file = mainFile(model);
  const [address, ...alternatives] = file?.urls ?? [];
  if (!file || address === undefined) return undefined;
  const { bytes, sha256 } = file;
  return { address, alternatives, bytes, sha256, title: model.name, type: model.type };
}

export function bytesOf(model: ManifestModel): number {
  return mainFile(model)?.bytes ?? 0;
}
