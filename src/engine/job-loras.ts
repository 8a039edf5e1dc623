// Which LoRAs a job uses: those its request lists and those its prompt names in tags, resolved against the library. Opens no
// file.

import { formatLoraTag, parseLoraTags, type LoraTag } from "../prompt/lora-tags.ts";
import { invalidRequest, MAX_LORA_WEIGHT } from "../pipeline/validate-request.ts";
import { AppError } from "../protocol/app-error.ts";
import type { GenerationRequest, LoraUse } from "../protocol/generation-request.ts";
import type { ModelRecord } from "../protocol/library-api.ts";

export interface JobPrompt {
  /** What the text encoder reads: the prompt without tags. */
  readonly text: string;
  /** What an infotext says: the prompt as typed, with tags for the LoRAs that the request lists. */
  readonly tagged: string;
  /** In the order of application. */
  readonly loras: readonly LoraUse[];
}

// Names in the message when a library has hundreds.
const MAX_NAMED = 20;

/** A file's name without its extension, as tags and infotexts name models. */
export const fileStem = ({ fileName }: Pick<ModelRecord, "fileName">): string =>
  fileName.replace(/\.[^.]+$/, "");

/** @throws AppError InvalidRequest for a LoRA that the library does not have; it lists what there is. */
export async function resolveLoras(
  { prompt, loras }: Pick<GenerationRequest, "prompt" | "loras">,
  listModels: () => Promise<readonly ModelRecord[]>,
): Promise<JobPrompt> {
  const { text, tags } = parseLoraTags(prompt);
  if (loras.length === 0 && tags.length === 0) return { text, tagged: prompt, loras };
  const known = (await listModels()).filter(({ type }) => type === "lora");
  const listed = loras.map((use) => {
    const record = known.find(({ id }) => id === use.modelId);
    if (!record) throw unknownLora("loras", use.modelId, known);
    return formatLoraTag({ name: fileStem(record), ...use });
  });
  return {
    text,
    tagged: [prompt, ...listed].filter((part) => part !== "").join(" "),
    loras: [...loras, ...tags.map((tag) => useOfTag(tag, known))],
  };
}

function useOfTag({ name, textWeight, unetWeight }: LoraTag, known: readonly ModelRecord[]): LoraUse {
  for (const weight of [textWeight, unetWeight]) {
    if (Math.abs(weight) <= MAX_LORA_WEIGHT) continue;
    const expected = `a number from -${MAX_LORA_WEIGHT} to ${MAX_LORA_WEIGHT}`;
    throw invalidRequest("prompt", `The weight of the LoRA "${name}"`, expected, weight);
  }
  const wanted = name.toLowerCase();
  // The exact name wins over one that differs in case, a file's name over the one the library shows.
  const record =
    known.find((model) => fileStem(model) === name) ??
    known.find((model) => fileStem(model).toLowerCase() === wanted) ??
    known.find((model) => model.name.toLowerCase() === wanted);
  if (!record) throw unknownLora("prompt", name, known);
  return { modelId: record.id, textWeight, unetWeight };
}

function unknownLora(where: string, name: string, known: readonly ModelRecord[]): AppError {
  const names = known.map(fileStem).sort();
  const shown = names.slice(0, MAX_NAMED).join(", ");
  const rest = names.length > MAX_NAMED ? ` and ${names.length - MAX_NAMED} more` : "";
  const expected = names.length === 0 ? "none" : `${shown}${rest}`;
  const got = name.slice(0, 120);
  const help = names.length === 0 ? "Import one first." : `There are: ${expected}.`;
  return new AppError("InvalidRequest", `There is no LoRA "${got}" on this device. ${help}`, {
    where,
    expected,
    got,
  });
}
