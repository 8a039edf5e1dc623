// How many models the manifest says come with the app: what an empty library shows. Not those to download.

import type { ModelManifest } from "../../src/protocol/model-manifest.ts";

export function countShippedModels({ models }: ModelManifest): number {
  return models.filter(({ files }) => files.every(({ path }) => path !== undefined)).length;
}
