// Turns a recognised file into the record the user sees. Reads the header only; text from the file is hostile.

import type { DetectedFile } from "../models/kinds/detected-file.ts";
import type { AnyModel } from "../models/exports/exported-model.ts";
import { deviceMemoryNeed } from "../models/requirements.ts";
import type { ModelRecord } from "../protocol/library-api.ts";
import type { ModelDefaults, ModelNeeds } from "../protocol/model-manifest.ts";
import type { Checkpoint } from "../weights/checkpoint.ts";

const MAX_TEXT_LENGTH = 120;
const MIN_SIDE = 64;
const MAX_SIDE = 2048;

/** What only the finished import knows. */
export interface ImportedFile {
  readonly id: string;
  readonly fileName: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly parts?: ModelRecord["parts"];
  readonly addedAt: number;
}

/** What of an opened file its record is made of. */
export type FileContents = Pick<Checkpoint, "tensors" | "metadata">;

export function describeModel(
  checkpoint: FileContents,
  { model, ...facts }: DetectedFile,
  file: ImportedFile,
): ModelRecord {
  const title = cleanText(checkpoint.metadata.get("modelspec.title"));
  const defaults = model && { ...defaultsOf(checkpoint, model.family.defaults), ...fixedSides(facts) };
  return {
    ...file,
    ...facts,
    name: title || file.fileName.replace(/\.[^.]+$/, ""),
    origin: "imported",
    dtype: facts.dtype ?? dominantDtype(checkpoint),
    ...(defaults && { defaults }),
    // What is used beside a checkpoint adds its own weights and little else.
    needs: {
      ...(model && defaults ? memoryNeeds(model, defaults) : { memoryBytes: file.bytes }),
      features: [],
    },
    license: cleanText(checkpoint.metadata.get("modelspec.license")) || "unknown",
  };
}

/** Device memory for one picture at the default size, in both precisions that devices compute with. */
export function memoryNeeds(
  detected: AnyModel,
  { width, height }: Pick<ModelDefaults, "width" | "height">,
): Omit<ModelNeeds, "features"> {
  const request = { width, height, batchSize: 1, guided: true, wholeScores: false };
  const [memoryBytes, memoryBytesFloat16] = (["float32", "float16"] as const).map(
    (precision) => deviceMemoryNeed(detected, { ...request, precision }).total,
  );
  // Published graphs compute in what they were made for.
  return { memoryBytes, ...(memoryBytesFloat16 !== memoryBytes && { memoryBytesFloat16 }) };
}

/** The dtype most bytes are stored in. */
export function dominantDtype(checkpoint: Pick<Checkpoint, "tensors">): string {
  const bytes = new Map<string, number>();
  for (const { dtype, start, end } of checkpoint.tensors.values()) {
    bytes.set(dtype, (bytes.get(dtype) ?? 0) + end - start);
  }
  return [...bytes].sort((a, b) => b[1] - a[1])[0]?.[0] ?? "F32";
}

/** The family's defaults, with the size that the file tells ("512x512") and the schedule that a folder's scheduler is set to. */
function defaultsOf(checkpoint: FileContents, familyDefaults: ModelDefaults): ModelDefaults {
  // Few-step models are published with timesteps counted from the end; this schedule has the same.
  const trailing = checkpoint.metadata.get("scheduler.timestep_spacing") === "trailing";
  const family = trailing ? { ...familyDefaults, schedule: "SGM Uniform" } : familyDefaults;
  const match = /^(\d{2,5})x(\d{2,5})$/.exec(checkpoint.metadata.get("modelspec.resolution") ?? "");
  const [width, height] = (match ?? []).slice(1).map(Number);
  const usable = [width, height].every((side) => side >= MIN_SIDE && side <= MAX_SIDE && side % 8 === 0);
  return usable ? { ...family, width, height } : family;
}

/** Pictures of another size are refused, so it is none to start from. */
function fixedSides({ fixed: { width, height } = {} }: Pick<DetectedFile, "fixed">): Partial<ModelDefaults> {
  return { ...(width && { width }), ...(height && { height }) };
}

function cleanText(text = ""): string {
  return text
    .replace(/[\p{C}\s]+/gu, " ")
    .trim()
    .slice(0, MAX_TEXT_LENGTH);
}
