// From a picture's infotext to fields of the form, with what could not be taken over. Reads no files, changes no state.

import { parseInfotext, type Infotext } from "../imaging/infotext.ts";
import { recipeFromInfotext } from "../imaging/infotext-recipe.ts";
import type { NoiseSource } from "../protocol/generation-request.ts";
import type { ModelRecord } from "../protocol/library-api.ts";
import { fitNumber, type NumberFieldName, RANGES, type Recipe } from "./recipe.ts";

export interface Restorable {
  readonly infotext: Infotext;
  readonly fields: Partial<Recipe>;
  /** Not a field of the form but a setting; it changes every pixel. */
  readonly noiseSource?: NoiseSource;
  /** The picture's model, when it is not on this device. */
  readonly missingModel?: string;
}

/** By hash where there is one: names are what people call their files. */
function findModel(
  models: readonly ModelRecord[],
  name: string | undefined,
  hash: string | undefined,
): ModelRecord | undefined {
  if (hash !== undefined && hash !== "")
    return models.find(({ sha256 }) => sha256.startsWith(hash.toLowerCase()));
  return models.find((model) => model.name === name || model.fileName.replace(/\.[^.]+$/, "") === name);
}

/** Undefined when the text is not an infotext, but for example only a prompt. */
export function readRestorable(text: string, models: readonly ModelRecord[]): Restorable | undefined {
  const infotext = parseInfotext(text);
  if (infotext.parameters.length === 0) return undefined;
  const { modelName, modelHash, noiseSource, ...read } = recipeFromInfotext(infotext);
  const fitted = Object.entries(read).map(([name, value]) => {
    const range = RANGES[name as NumberFieldName] as (typeof RANGES)[NumberFieldName] | undefined;
    return [name, range && typeof value === "number" ? fitNumber(value, range, range.min) : value] as const;
  });
  const model = findModel(models, modelName, modelHash);
  const fields: Partial<Recipe> = { ...Object.fromEntries(fitted), ...(model ? { modelId: model.id } : {}) };
  const missingModel =
    model || (modelName === undefined && modelHash === undefined) ? undefined : (modelName ?? modelHash);
  return { infotext, fields, noiseSource, missingModel };
}
