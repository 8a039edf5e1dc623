// From a picture's infotext to fields of the form, with what could not be taken over. Reads no files, changes no state.

import { parseInfotext, type Infotext } from "../imaging/infotext.ts";
import { recipeFromInfotext } from "../imaging/infotext-recipe.ts";
import type { NoiseSource } from "../protocol/generation-request.ts";
import type { ModelRecord } from "../protocol/library-api.ts";
import { renameLoraTags } from "../prompt/lora-tags.ts";
import { fitNumber, type NumberFieldName, RANGES, type Recipe } from "./recipe.ts";

export interface Restorable {
  readonly infotext: Infotext;
  readonly fields: Partial<Recipe>;
  /** Not a field of the form but a setting; it changes every pixel. */
  readonly noiseSource?: NoiseSource;
  /** The picture's model, when it is not on this device. */
  readonly missingModel?: string;
  /** The VAE that it was decoded with, when that is not on this device. */
  readonly missingVae?: string;
  /** LoRAs that its prompt's tags name and that are not on this device. */
  readonly missingLoras: readonly string[];
}

/** First 12 digits of the SHA-256 of a safetensors file's tensors, by the model's id, where it is known. */
export type TensorHashes = ReadonlyMap<string, string>;

const stem = (fileName: string): string => fileName.replace(/\.[^.]+$/, "");

/** By hash where there is one: names are what people call their files. */
function findModel(
  models: readonly ModelRecord[],
  type: ModelRecord["type"],
  name: string | undefined,
  hash: string | undefined,
): ModelRecord | undefined {
  const candidates = models.filter((model) => model.type === type);
  if (hash !== undefined && hash !== "")
    return candidates.find(({ sha256 }) => sha256.startsWith(hash.toLowerCase()));
  return candidates.find(
    (model) => name !== undefined && (model.name === name || stem(model.fileName) === stem(name)),
  );
}

/** What A1111 writes where the checkpoint's own VAE was used. */
const OWN_VAE = ["Automatic", "None"];

/** By name as the engine finds it; one that has another name here by the hash that the infotext gives. */
function findLora(
  models: readonly ModelRecord[],
  name: string,
  hash: string | undefined,
  tensorHashes: TensorHashes,
): ModelRecord | undefined {
  const loras = models.filter(({ type }) => type === "lora");
  const wanted = name.toLowerCase();
  return (
    loras.find((model) => stem(model.fileName).toLowerCase() === wanted) ??
    loras.find((model) => model.name.toLowerCase() === wanted) ??
    // Other formats than safetensors are hashed as a whole.
    loras.find(
      ({ id, sha256 }) => hash && (tensorHashes.get(id)?.startsWith(hash) || sha256.startsWith(hash)),
    )
  );
}

/** "ink: 0123456789ab, glow: ba9876543210" */
function parseHashes(text: string | undefined): ReadonlyMap<string, string> {
  const pairs = [...(text ?? "").matchAll(/([^,]+?)\s*:\s*([0-9a-f]{8,64})\s*(?:,|$)/gi)];
  return new Map(pairs.map(([, name, hash]) => [name.trim(), hash.toLowerCase()]));
}

/** Undefined when the text is not an infotext, but for example only a prompt. */
export function readRestorable(
  text: string,
  models: readonly ModelRecord[],
  tensorHashes: TensorHashes = new Map(),
): Restorable | undefined {
  const infotext = parseInfotext(text);
  if (infotext.parameters.length === 0) return undefined;
  const { modelName, modelHash, vaeName, vaeHash, noiseSource, ...read } = recipeFromInfotext(infotext);
  const fitted = Object.entries(read).map(([name, value]) => {
    const range = RANGES[name as NumberFieldName] as (typeof RANGES)[NumberFieldName] | undefined;
    return [name, range && typeof value === "number" ? fitNumber(value, range, range.min) : value] as const;
  });
  const model = findModel(models, "checkpoint", modelName, modelHash);
  const namesVae = (vaeName ?? vaeHash) !== undefined && !OWN_VAE.includes(vaeName ?? "");
  const vae = namesVae ? findModel(models, "vae", vaeName, vaeHash) : undefined;
  const loraHashes = parseHashes(new Map(infotext.parameters).get("Lora hashes"));
  const missingLoras: string[] = [];
  const prompt = renameLoraTags(infotext.prompt, (name) => {
    const lora = findLora(models, name, loraHashes.get(name), tensorHashes);
    if (!lora) missingLoras.push(name);
    const called =
      lora && [stem(lora.fileName), lora.name].some((own) => own.toLowerCase() === name.toLowerCase());
    return lora && !called ? stem(lora.fileName) : name;
  });
  const fields: Partial<Recipe> = {
    ...Object.fromEntries(fitted),
    prompt,
    // The tags say all of them; slots would add theirs to that.
    loras: [],
    ...(model ? { modelId: model.id } : {}),
    vaeId: vae?.id ?? "",
  };
  const missingModel =
    model || (modelName === undefined && modelHash === undefined) ? undefined : (modelName ?? modelHash);
  const missingVae = namesVae && !vae ? (vaeName ?? vaeHash) : undefined;
  return { infotext, fields, noiseSource, missingModel, missingVae, missingLoras };
}
