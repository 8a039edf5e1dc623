// The models that the app's own manifest recommends to download. Reads the manifest; downloads nothing.

import type { Download, DownloadRequest } from "../protocol/downloads-api.ts";
import { type ManifestModel, parseManifest, remoteFiles } from "../protocol/model-manifest.ts";

/** Entries of which nothing comes with the app. Empty when the manifest cannot be read. */
export async function readRecommended(baseUrl: string): Promise<readonly ManifestModel[]> {
  const response = await fetch(new URL("models-manifest.json", baseUrl));
  if (!response.ok) return [];
  const { models } = parseManifest(await response.json());
  return models.filter(
    (model) => downloadOf(model) && remoteFiles(model.files).length === model.files.length,
  );
}

/** One file, or all of several as one model. */
export function downloadOf({ name, type, files }: ManifestModel): DownloadRequest | undefined {
  const remote = remoteFiles(files).map(
    ({ urls: [address, ...alternatives] = [], name: path = "", bytes, sha256 }) => ({
      ...{ path, address, alternatives, bytes, sha256 },
    }),
  );
  if (remote.length === 0 || remote.some(({ address }) => address === undefined)) return undefined;
  const [{ path, ...file }] = remote;
  if (remote.length > 1) return { address: file.address, files: remote, fileName: name, title: name, type };
  return { ...file, title: name, type, ...(path !== "" && { fileName: path, named: true }) };
}

/** Of everything that is to be downloaded. */
export function bytesOf({ files }: ManifestModel): number {
  return remoteFiles(files).reduce((sum, { bytes }) => sum + bytes, 0);
}

/** The entry of the queue that brings this model, whoever put it there. */
export function downloadInQueue(model: ManifestModel, downloads: readonly Download[]): Download | undefined {
  const request = downloadOf(model);
  return downloads.find(({ address, sha256, fileCount }) => {
    if (request?.files) return address === request.address && fileCount === request.files.length;
    return sha256 !== undefined && sha256 === request?.sha256;
  });
}
