// Searches as paths of Civitai's interface. Takes plain values only, so nothing can be smuggled into another parameter.

import { AppError } from "../../protocol/app-error.ts";
import {
  CIVITAI_PERIODS,
  CIVITAI_SORTS,
  type CivitaiImageQuery,
  type CivitaiQuery,
} from "../../protocol/civitai-api.ts";

const MAX_MODELS = 100;
const MAX_IMAGES = 200;
const DEFAULT_LIMIT = 20;

export function searchPath(query: CivitaiQuery): string {
  const { text, tag, username, types, baseModels, sort, period, nsfw, limit, cursor } = query;
  return withParameters("/api/v1/models", {
    limit: within(limit ?? DEFAULT_LIMIT, MAX_MODELS),
    query: text?.trim(),
    tag: tag?.trim(),
    username: username?.trim(),
    types,
    baseModels,
    sort: oneOf("sort", sort, CIVITAI_SORTS),
    period: oneOf("period", period, CIVITAI_PERIODS),
    nsfw: String(nsfw ?? false),
    cursor,
  });
}

export function imagePath(query: CivitaiImageQuery): string {
  const { modelId, modelVersionId, username, nsfw, limit, cursor } = query;
  return withParameters("/api/v1/images", {
    limit: within(limit ?? DEFAULT_LIMIT, MAX_IMAGES),
    modelId: modelId?.toString(),
    modelVersionId: modelVersionId?.toString(),
    username: username?.trim(),
    nsfw: String(nsfw ?? false),
    cursor,
  });
}

type Parameters = Readonly<Record<string, string | readonly string[] | undefined>>;

/** Lists repeat their key; empty values are left out. */
function withParameters(path: string, parameters: Parameters): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    for (const entry of typeof value === "string" ? [value] : (value ?? [])) {
      if (entry !== "") search.append(name, entry);
    }
  }
  return `${path}?${search}`;
}

function within(limit: number, maximum: number): string {
  if (Number.isInteger(limit) && limit >= 1 && limit <= maximum) return String(limit);
  throw new AppError("InvalidRequest", `One page holds 1 to ${maximum} entries.`, {
    where: "limit",
    expected: `1 to ${maximum}`,
    got: String(limit),
  });
}

function oneOf<T extends string>(
  where: string,
  value: T | undefined,
  choices: readonly T[],
): string | undefined {
  if (value === undefined || choices.includes(value)) return value;
  const expected = `one of ${choices.join(", ")}`;
  throw new AppError("InvalidRequest", `Civitai cannot sort or limit by "${String(value)}".`, {
    where,
    expected,
    got: String(value),
  });
}
