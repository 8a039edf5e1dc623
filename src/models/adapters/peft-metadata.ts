// The scale of PEFT's adapters, which Diffusers writes into the file's metadata and not beside the weights.

import type { Checkpoint } from "../../weights/checkpoint.ts";

const METADATA_KEY = "lora_adapter_metadata";
// A few kilobytes are usual.
const MAX_METADATA_LENGTH = 1_000_000;

/** Diffusers' names of the networks, longest first. */
const networks = ["text_encoder_2", "text_encoder", "unet"] as const;

// Parsed once a file, not once a module.
const parsed = new WeakMap<Checkpoint, Readonly<Record<string, unknown>>>();

/** Alpha for a module (its name with underscores for dots), or undefined where the file does not state it. */
export function peftAlpha(checkpoint: Checkpoint, module: string, rank: number): number | undefined {
  const metadata = adapterMetadata(checkpoint);
  const network = networks.find((name) => module.startsWith(`${name}_`));
  if (network === undefined) return undefined;
  const pattern = metadata[`${network}.alpha_pattern`];
  const special = Object.entries(isRecord(pattern) ? pattern : {}).find(([name]) =>
    module.endsWith(`_${name.replaceAll(".", "_")}`),
  );
  const alpha = special ? special[1] : metadata[`${network}.lora_alpha`];
  if (typeof alpha !== "number" || !Number.isFinite(alpha)) return undefined;
  // rsLoRA divides by the root of the rank.
  return metadata[`${network}.use_rslora`] === true ? alpha * Math.sqrt(rank) : alpha;
}

function adapterMetadata(checkpoint: Checkpoint): Readonly<Record<string, unknown>> {
  const known = parsed.get(checkpoint);
  if (known) return known;
  const read = parseMetadata(checkpoint.metadata.get(METADATA_KEY) ?? "");
  parsed.set(checkpoint, read);
  return read;
}

/** The file's own words: anything that is no such object says nothing. */
function parseMetadata(text: string): Readonly<Record<string, unknown>> {
  if (text === "" || text.length > MAX_METADATA_LENGTH) return {};
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : {};
  } catch {
    return {};
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
