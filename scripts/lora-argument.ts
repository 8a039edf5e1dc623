// The value of `npm run generate -- --lora`: FILE[:weight[:text-encoder-weight]]. Opens nothing.

import { existsSync } from "node:fs";

export interface LoraArgument {
  readonly path: string;
  readonly unetWeight: number;
  readonly textWeight: number;
}

const NUMBER = "[+-]?(?:\\d+\\.?\\d*|\\.\\d+)";
// Only numbers are weights: paths may hold colons of their own (C:\models\ink.safetensors).
const ARGUMENT = new RegExp(`^(.+?)(?::(${NUMBER}))?(?::(${NUMBER}))?$`);

/** One weight is for both networks; none is 1. A whole value that is a file's path is that file. */
export function parseLoraArgument(
  value: string,
  exists: (path: string) => boolean = existsSync,
): LoraArgument {
  const match = ARGUMENT.exec(value);
  if (!match || exists(value)) return { path: value, unetWeight: 1, textWeight: 1 };
  const [, path, weight, textWeight] = match;
  const unetWeight = Number(weight ?? 1);
  return { path, unetWeight, textWeight: Number(textWeight ?? unetWeight) };
}
