// Which files beside a model describe it, by name and content: one table of formats. Reads small files only.

import type { ModelMetadata, SidecarFormat } from "../../../protocol/metadata-api.ts";
import { MODEL_FILE } from "../../../protocol/model-file-name.ts";
import { plainTextToHtml } from "../plain-text-html.ts";
import { readKilnSidecar, toKilnSidecar } from "./kiln-sidecar.ts";
import {
  readA1111,
  readCivitaiHelper,
  readLoraManager,
  readStabilityMatrix,
  toA1111,
  toCivitaiHelper,
  toLoraManager,
  toStabilityMatrix,
} from "./other-sidecars.ts";
import { asObject, type Described } from "./sidecar.ts";

// The largest honest one holds a model's whole history at Civitai.
export const MAX_SIDECAR_BYTES = 8 * 1024 * 1024;

interface SidecarRow {
  readonly format: SidecarFormat;
  /** What follows the model's base name. */
  readonly suffix: string;
  /** Ours follows the whole file name, extension included. */
  readonly wholeName: boolean;
  /** Tells formats with one suffix apart. */
  readonly is: (entry: Readonly<Record<string, unknown>>) => boolean;
  readonly read: (json: unknown) => Described;
  readonly write: (metadata: ModelMetadata) => unknown;
}

const A1111_KEYS = ["activation text", "sd version", "preferred weight", "negative text"];

// The first row that fits is taken, so the most particular stands first.
const ROWS: readonly SidecarRow[] = [
  {
    format: "kiln",
    suffix: ".metadata.json",
    wholeName: true,
    is: (entry) => "hash_type" in entry || "civitai_version_id" in entry,
    read: readKilnSidecar,
    write: toKilnSidecar,
  },
  {
    format: "lora-manager",
    suffix: ".metadata.json",
    wholeName: false,
    is: (entry) => "file_path" in entry || "model_name" in entry || "from_civitai" in entry,
    read: readLoraManager,
    write: toLoraManager,
  },
  {
    format: "civitai-helper",
    suffix: ".civitai.info",
    wholeName: false,
    is: (entry) => "id" in entry,
    read: readCivitaiHelper,
    write: toCivitaiHelper,
  },
  {
    format: "stability-matrix",
    suffix: ".cm-info.json",
    wholeName: false,
    is: (entry) => "ModelName" in entry || "VersionId" in entry,
    read: readStabilityMatrix,
    write: toStabilityMatrix,
  },
  {
    format: "a1111",
    suffix: ".json",
    wholeName: false,
    is: (entry) => A1111_KEYS.some((key) => key in entry),
    read: readA1111,
    write: toA1111,
  },
];

const PREVIEW_SUFFIXES = [
  ...[".webp", ".preview.webp", ".preview.png", ".preview.jpeg", ".preview.jpg"],
  ...[".png", ".jpeg", ".jpg", ".gif", ".avif"],
];

/** "a/b/Model.v2.safetensors" → "Model.v2". */
export function baseName(fileName: string): string {
  return fileName.replace(/^.*[/\\]/, "").replace(MODEL_FILE, "");
}

/** The base name of the model that a file by this name may describe; undefined when it describes none. */
export function describedBase(fileName: string): string | undefined {
  const name = fileName.replace(/^.*[/\\]/, "");
  const suffix = [...ROWS.map((row) => row.suffix), ".description.txt", ".txt"].find((end) =>
    name.toLowerCase().endsWith(end),
  );
  return suffix === undefined ? undefined : baseName(name.slice(0, -suffix.length));
}

/**
 * What a sidecar says. undefined for a file of another purpose.
 * @throws SyntaxError when it should be JSON and is not.
 */
export async function readSidecar(file: File): Promise<Described | undefined> {
  if (describedBase(file.name) === undefined || file.size > MAX_SIDECAR_BYTES) return undefined;
  const text = await file.text();
  if (/\.txt$/i.test(file.name)) {
    return { sha256: "", lastUpdated: "", facts: { description: plainTextToHtml(text) } };
  }
  // Civitai Helper marks "looked up, not known" by an empty file.
  if (text.trim() === "") return undefined;
  const json = JSON.parse(text) as unknown;
  const name = file.name.toLowerCase();
  const row = ROWS.find(({ suffix, is }) => name.endsWith(suffix) && is(asObject(json)));
  return row?.read(json);
}

/** The picture beside a model among files of its folder, in the order in which other tools look. */
export function findPreview(base: string, files: readonly File[]): File | undefined {
  const names = PREVIEW_SUFFIXES.map((suffix) => (base + suffix).toLowerCase());
  const found = names.map((name) => files.find((file) => file.name.toLowerCase() === name));
  return found.find((file) => file !== undefined);
}

export function sidecarName(metadata: ModelMetadata, format: SidecarFormat): string {
  const { suffix, wholeName } = rowOf(format);
  return (wholeName ? metadata.file_name : baseName(metadata.file_name)) + suffix;
}

export function writeSidecar(metadata: ModelMetadata, format: SidecarFormat): File {
  const json = JSON.stringify(rowOf(format).write(metadata), null, 2);
  return new File([`${json}\n`], sidecarName(metadata, format), { type: "application/json" });
}

function rowOf(format: SidecarFormat): SidecarRow {
  return ROWS.find((row) => row.format === format)!;
}
