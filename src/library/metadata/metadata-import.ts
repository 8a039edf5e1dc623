// Reads what an import brings and plans how it is laid over our metadata. Writes nothing.

import type { MergeEntry, MergePlan, MergeRule, ModelMetadata } from "../../protocol/metadata-api.ts";
import { MODEL_FILE } from "../../protocol/model-file-name.ts";
import { groupBy } from "../../shared/group-by.ts";
import { changesAnything, merge } from "./merge.ts";
import { absentMetadata } from "./metadata-record.ts";
import { readKilnSidecar, toKilnSidecar } from "./sidecars/kiln-sidecar.ts";
import { asObject, type Described } from "./sidecars/sidecar.ts";
import { baseName, describedBase, readSidecar } from "./sidecars/sidecar-files.ts";

export const EXPORT_FORMAT = "kiln-metadata";
const EXPORT_VERSION = 1;
// Thousands of models with long descriptions.
const MAX_EXPORT_BYTES = 512 * 1024 * 1024;

/** One description and where it came from, for messages. */
export interface ImportedDescription {
  readonly where: string;
  readonly described: Described;
}

export interface ReadImport {
  readonly descriptions: readonly ImportedDescription[];
  readonly rejected: MergePlan["rejected"];
}

export function exportFile(models: readonly ModelMetadata[], now: Date): File {
  const json = {
    format: EXPORT_FORMAT,
    version: EXPORT_VERSION,
    exported_at: now.toISOString(),
    models: models.map(toKilnSidecar),
  };
  const name = `kiln-metadata-${now.toISOString().slice(0, 10)}.json`;
  return new File([JSON.stringify(json, null, 1)], name, { type: "application/json" });
}

/** Takes exports of all metadata and sidecars alike; what is neither is rejected with a reason. */
export async function readImport(files: readonly File[]): Promise<ReadImport> {
  const descriptions: ImportedDescription[] = [];
  const rejected: { where: string; reason: string }[] = [];
  for (const file of files) {
    try {
      const read = (await readExport(file)) ?? (await readOneSidecar(file));
      if (read.length > 0) descriptions.push(...read);
      else {
        const reason = "This is neither an export of metadata nor a sidecar of a known tool.";
        rejected.push({ where: file.name, reason });
      }
    } catch {
      rejected.push({ where: file.name, reason: "This is not valid JSON. It may have been cut off." });
    }
  }
  return { descriptions, rejected };
}

async function readExport(file: File): Promise<ImportedDescription[] | undefined> {
  if (!/\.json$/i.test(file.name) || file.size > MAX_EXPORT_BYTES) return undefined;
  // The beginning tells, so that a sidecar is not parsed twice.
  if (!(await file.slice(0, 200).text()).includes(EXPORT_FORMAT)) return undefined;
  const json = asObject(JSON.parse(await file.text()));
  if (json.format !== EXPORT_FORMAT || !Array.isArray(json.models)) return undefined;
  return json.models.map((entry, i) => {
    const described = readKilnSidecar(entry);
    return { where: `${file.name}: ${described.fileName ?? `entry ${i + 1}`}`, described };
  });
}

async function readOneSidecar(file: File): Promise<ImportedDescription[]> {
  const described = await readSidecar(file);
  if (!described) return [];
  const base = describedBase(file.name);
  const beside = base === undefined ? undefined : `${base}.safetensors`;
  // The file it stands beside is a better witness of the name than what was true where it was downloaded.
  return [{ where: file.name, described: { ...described, fileName: beside ?? described.fileName } }];
}

export interface PlannedMerge {
  readonly entry: MergeEntry;
  readonly metadata: ModelMetadata;
}

/**
 * Matches by SHA-256, then by a file name that only one model has. `models` are those here, `remembered` those that were.
 */
export function planMerges(
  { descriptions, rejected }: ReadImport,
  models: readonly ModelMetadata[],
  remembered: ReadonlyMap<string, ModelMetadata>,
  rule: MergeRule,
): { readonly merges: readonly PlannedMerge[]; readonly rejected: MergePlan["rejected"] } {
  const byHash = new Map(models.map((model) => [model.hash_sha256, model]));
  const byName = groupBy(models, (model) => baseName(model.file_name).toLowerCase());
  const merged = new Map<string, PlannedMerge>();
  const unusable = [...rejected];
  for (const { where, described } of descriptions) {
    const { sha256, fileName = "" } = described;
    const named = byName.get(baseName(fileName).toLowerCase()) ?? [];
    const ofHash = sha256 ? byHash.get(sha256) : undefined;
    const match = ofHash ?? (named.length === 1 ? named[0] : undefined);
    if (!match && !sha256) {
      const reason =
        named.length > 1
          ? "Several models here have this name, and it does not say which one by its SHA-256."
          : "No model here has this name, and it does not say its file's SHA-256.";
      unusable.push({ where, reason });
      continue;
    }
    const id = match?.id ?? sha256;
    const before = merged.get(id)?.metadata ?? match ?? remembered.get(id);
    const ours = before ?? absentMetadata(sha256, safeName(fileName, sha256));
    const result = merge(ours, described, before ? rule : "replace");
    if (before && !changesAnything(result)) continue;
    const changes = [...(merged.get(id)?.entry.changes ?? []), ...result.changes];
    const matchedBy = ofHash ? "hash" : match ? "name" : "none";
    merged.set(id, {
      entry: { id, fileName: ours.file_name, matchedBy, changes },
      metadata: result.metadata,
    });
  }
  return { merges: [...merged.values()], rejected: unusable };
}

function safeName(fileName: string, sha256: string): string {
  const name = fileName.replace(/^.*[/\\]/, "").replace(/[\p{C}<>:"|?*]/gu, "_");
  return MODEL_FILE.test(name) ? name.slice(0, 120) : `${sha256.slice(0, 10)}.safetensors`;
}
