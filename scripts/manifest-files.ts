// Compares models-manifest.json with the files in public/ that it describes. Changes neither.

import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { dominantDtype } from "../src/library/describe-model.ts";
import type { ManifestFile, ManifestModel, ModelManifest } from "../src/protocol/model-manifest.ts";
import { memorySource } from "../src/weights/memory-source.ts";
import { openSafetensors } from "../src/weights/safetensors.ts";

const CHECKPOINT_ROLE = "checkpoint";

/** The manifest with sizes, hashes and dtypes as the files beside the app really have them. */
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
    localFiles(model)
      .filter(({ path }) => !existsSync(join(publicFolder, path)))
      .map(({ path }) => `${model.id}: ${path} is missing in ${publicFolder}.`),
  );
  if (missing.length > 0) return missing;
  const measured = await measuredManifest(manifest, publicFolder);
  return manifest.models.flatMap((model, m) => {
    const real = measured.models[m];
    const dtype =
      model.dtype === real.dtype ? [] : [`${model.id}: dtype should be ${real.dtype}, got ${model.dtype}.`];
    const files = model.files.flatMap((file, f) =>
      (["bytes", "sha256"] as const)
        .filter((field) => file[field] !== real.files[f][field])
        .map(
          (field) =>
            `${model.id}: ${field} of ${file.path} should be ${real.files[f][field]}, got ${file[field]}.`,
        ),
    );
    return [...dtype, ...files];
  });
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
  const checkpoint = localFiles(model).find(({ role }) => role === CHECKPOINT_ROLE);
  if (!checkpoint) return { ...model, files };
  const source = memorySource(readFileSync(join(publicFolder, checkpoint.path)), checkpoint.path);
  return { ...model, dtype: dominantDtype(await openSafetensors(source)), files };
}
