// The LoRA tags of A1111's prompt syntax: <lora:name:weight>, <lora:name:text:unet> and <lyco:...>. Knows no library: a name
// is only a name here.

import { AppError } from "../protocol/app-error.ts";

export interface LoraTag {
  /** As typed: a file's name without its extension, or the name a library shows. */
  readonly name: string;
  readonly textWeight: number;
  readonly unetWeight: number;
}

export interface TaggedPrompt {
  /** The prompt without its tags, for the text encoder. */
  readonly text: string;
  /** In the order of the prompt. */
  readonly tags: readonly LoraTag[];
}

// Other kinds of extra networks (hypernet:) stay in the text, where the reader sees that nothing became of them.
const TAG = /<(?:lora|lyco):([^>]+)>/gi;

const NUMBER = /^\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?\s*$/i;

/**
 * One weight is for the text encoder and the UNet, of two the first is the text encoder's; both can be named (te=, unet=).
 * @throws AppError InvalidRequest for a tag without a name or with a weight that is no number.
 */
export function parseLoraTags(prompt: string): TaggedPrompt {
  const tags: LoraTag[] = [];
  const text = prompt.replace(TAG, (tag, contents: string) => {
    tags.push(parseTag(tag, contents));
    return "";
  });
  return { text, tags };
}

/** The text alone, whatever the tags hold: for counting tokens while somebody types. */
export function withoutLoraTags(prompt: string): string {
  return prompt.replace(TAG, "");
}

/** The prompt with other names in its tags; the rest of a tag stays, whatever it holds. */
export function renameLoraTags(prompt: string, rename: (name: string) => string): string {
  return prompt.replace(TAG, (tag, contents: string) => {
    const [name] = contents.split(":", 1);
    const start = tag.indexOf(":") + 1;
    return `${tag.slice(0, start)}${rename(name.trim())}${tag.slice(start + name.length)}`;
  });
}

function parseTag(tag: string, contents: string): LoraTag {
  const fields = contents.split(":");
  const name = fields[0].trim();
  if (name === "") throw invalidTag(tag, "a name", "nothing");
  const named = new Map<string, string>();
  const positional: string[] = [];
  for (const field of fields.slice(1)) {
    const equals = field.indexOf("=");
    if (equals < 0) positional.push(field);
    else named.set(field.slice(0, equals).trim().toLowerCase(), field.slice(equals + 1));
  }
  const weight = (text: string | undefined, fallback: number): number => {
    if (text === undefined) return fallback;
    if (!NUMBER.test(text)) throw invalidTag(tag, "a number for its weight", `"${text.trim()}"`);
    return Number(text);
  };
  const textWeight = weight(named.get("te") ?? positional[0], 1);
  // A third number is the LoRA's rank in A1111, for files whose rank can be cut; it is not used here.
  return { name, textWeight, unetWeight: weight(named.get("unet") ?? positional[1], textWeight) };
}

function invalidTag(tag: string, expected: string, got: string): AppError {
  const shown = tag.length > 80 ? `${tag.slice(0, 80)}…` : tag;
  return new AppError("InvalidRequest", `The prompt's tag ${shown} should have ${expected}, got ${got}.`, {
    where: "prompt",
    expected,
    got,
  });
}

/** The tag that means the same; one weight where both are equal. */
export function formatLoraTag({ name, textWeight, unetWeight }: LoraTag): string {
  return `<lora:${name}:${textWeight}${unetWeight === textWeight ? "" : `:${unetWeight}`}>`;
}
