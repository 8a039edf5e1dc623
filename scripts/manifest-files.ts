// Compares models-manifest.json with the files in public/ that it describes. Changes neither.

import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { dominantDtype, memoryNeeds } from "../src/library/describe-model.ts";
import { detectFile } from "../src/models/kinds/detect-file.ts";
import type { ManifestFile, ManifestModel, ModelManifest } from "../src/protocol/model-manifest.ts";
import { memorySource } from "../src/weights/memory-source.ts";
import { openCheckpoint } from "../src/weights/open-checkpoint.ts";

/** The manifest with sizes, hashes, dtypes and needs as the files beside the app really have them. */
export async function measuredManifest(
  manifest: ModelManifest,
  publicFolder: string,
): Promise<ModelManifest> {
  return {
    ...manifest,
    models: await Promise.all(manifest.models.map((model) => measuredModel(model, publicFolder))),
  };
}

/** One sentence per disagreement; empty when everything agrees. */
export async function manifestFaults(manifest: ModelManifest, publicFolder: string): Promise<string[]> {
  const missing = manifest.models.flatMap((model) =>
    [...localFiles(model).map(({ path }) => path), ...(model.preview === undefined ? [] : [model.preview])]
      .filter((path) => !existsSync(join(publicFolder, path)))
      .map((path) => `${model.id}: ${path} is missing in ${publicFolder}.`),
  );
  if (missing.length > 0) return missing;
  const measured = await measuredManifest(manifest, publicFolder);
  return manifest.models.flatMap((model, m) => {
    const [got, expected] = [factsOf(model), factsOf(measured.models[m])];
    return Object.keys(got)
      .filter((what) => got[what] !== expected[what])
      .map((what) => `${model.id}: ${what} should be ${expected[what]}, got ${got[what]}.`);
  });
}

/** Everything in a manifest's entry that its files decide, by what it is called in a message. */
function factsOf(model: ManifestModel): Readonly<Record<string, string | number>> {
  const files = model.files.flatMap(({ role, path = role, bytes, sha256 }): [string, string | number][] => [
    [`bytes of ${path}`, bytes],
    [`sha256 of ${path}`, sha256],
  ]);
  const { type, dtype, needs, vectors = 0, scale = 0 } = model;
  return {
    type,
    dtype,
    vectors,
    scale,
    "needs.memoryBytes": needs.memoryBytes,
    "needs.memoryBytesFloat16": needs.memoryBytesFloat16 ?? 0,
    ...Object.fromEntries(files),
  };
}

function localFiles(model: ManifestModel): (ManifestFile & { readonly path: string })[] {
  return model.files.filter(
    (file): file is ManifestFile & { readonly path: string } => file.path !== undefined,
  );
}

async function measuredModel(model: ManifestModel, publicFolder: string): Promise<ManifestModel> {
  const files = model.files.map((file) => {
    if (file.path === undefined) return file;
    const bytes = readFileSync(join(publicFolder, file.path));
    return { ...file, bytes: bytes.byteLength, sha256: createHash("sha256").update(bytes).digest("hex") };
  });
  const main = localFiles(model).find(({ role }) => role === model.type);
  if (!main) return { ...model, files };
  const source = memorySource(readFileSync(join(publicFolder, main.path)), main.path);
  const opened = await openCheckpoint(source);
  const { type, vectors, scale, model: networks } = detectFile(opened);
  const { defaults } = model;
  const needs = networks && defaults ? memoryNeeds(networks, defaults) : { memoryBytes: source.byteLength };
  return {
    ...model,
    ...{ type, dtype: dominantDtype(opened), files, needs: { ...needs, features: model.needs.features } },
    ...(vectors !== undefined && { vectors }),
    ...(scale !== undefined && { scale }),
  };
}
