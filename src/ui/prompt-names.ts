// What prompts call a model of the library, and how such a name is put into one. Parses no prompts.

import type { LoraUse } from "../protocol/generation-request.ts";
import type { ModelRecord } from "../protocol/library-api.ts";

/** A1111's rule: the file's name without its extension. */
export const callName = ({ fileName }: ModelRecord): string => fileName.replace(/\.[^.]+$/, "");

/** One weight where both are the same; otherwise the text encoder's comes first. */
export function loraTag(record: ModelRecord, { textWeight, unetWeight }: LoraUse): string {
  const weights = textWeight === unetWeight ? [unetWeight] : [textWeight, unetWeight];
  return `<lora:${[callName(record), ...weights].join(":")}>`;
}

/** Behind what is there, after a comma where there is none. */
export function withInsertion(prompt: string, text: string): string {
  const before = prompt.trimEnd();
  if (before === "") return text;
  return `${before}${before.endsWith(",") ? "" : ","} ${text}`;
}
