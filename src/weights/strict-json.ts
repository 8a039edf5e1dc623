// Parses JSON from hostile files: objects become Maps (no prototypes to pollute) and duplicate keys are refused.
// Not a general replacement for JSON.parse: it is several times slower and stops at a small depth.

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;
export type JsonObject = ReadonlyMap<string, JsonValue>;

/** Safetensors headers nest three deep; the limit keeps hostile nesting off the call stack. */
const MAX_DEPTH = 16;

const SPACE = /[ \t\n\r]*/y;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const WORD = /true|false|null/y;

/** Says where in the text the grammar was broken. */
export class JsonSyntaxError extends Error {
  override readonly name = "JsonSyntaxError";
  readonly position: number;
  readonly expected: string;

  constructor(position: number, expected: string, options?: ErrorOptions) {
    super(`JSON at character ${position}: expected ${expected}`, options);
    this.position = position;
    this.expected = expected;
  }
}

/** Position of the first quote at or after `from` that no backslash escapes, or -1. Megabytes long in kohya's metadata. */
function closingQuote(text: string, from: number): number {
  for (let quote = text.indexOf('"', from); quote !== -1; quote = text.indexOf('"', quote + 1)) {
    let backslashes = 0;
    while (text[quote - 1 - backslashes] === "\\") backslashes++;
    if (backslashes % 2 === 0) return quote;
  }
  return -1;
}

/** @throws JsonSyntaxError */
export function parseStrictJson(text: string): JsonValue {
  let at = 0;

  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (!match) return undefined;
    at = pattern.lastIndex;
    return match[0];
  };

  const takeChar = (char: string): boolean => {
    take(SPACE);
    if (text[at] !== char) return false;
    at++;
    return true;
  };

  const parseString = (expected: string): string => {
    const start = at;
    if (!takeChar('"')) throw new JsonSyntaxError(start, expected);
    const open = at - 1;
    at = closingQuote(text, at) + 1;
    if (at === 0) throw new JsonSyntaxError(open, "a closing quote");
    try {
      // Decodes escapes, and refuses bad ones and control characters.
      return JSON.parse(text.slice(open, at)) as string;
    } catch (cause) {
      throw new JsonSyntaxError(start, "a string without control characters and with valid escapes", {
        cause,
      });
    }
  };

  const parseObject = (depth: number): JsonObject => {
    const entries = new Map<string, JsonValue>();
    if (takeChar("}")) return entries;
    do {
      const keyAt = at;
      const key = parseString("a key");
      if (entries.has(key)) throw new JsonSyntaxError(keyAt, `no second key ${key.slice(0, 80)}`);
      if (!takeChar(":")) throw new JsonSyntaxError(at, '":"');
      entries.set(key, parseValue(depth));
    } while (takeChar(","));
    if (!takeChar("}")) throw new JsonSyntaxError(at, '"," or "}"');
    return entries;
  };

  const parseArray = (depth: number): JsonValue[] => {
    const items: JsonValue[] = [];
    if (takeChar("]")) return items;
    do items.push(parseValue(depth));
    while (takeChar(","));
    if (!takeChar("]")) throw new JsonSyntaxError(at, '"," or "]"');
    return items;
  };

  const parseValue = (depth: number): JsonValue => {
    if (depth >= MAX_DEPTH) throw new JsonSyntaxError(at, `at most ${MAX_DEPTH} levels`);
    if (takeChar("{")) return parseObject(depth + 1);
    if (takeChar("[")) return parseArray(depth + 1);
    if (text[at] === '"') return parseString("a string");
    const number = take(NUMBER);
    if (number !== undefined) return Number(number);
    const word = take(WORD);
    if (word !== undefined) return word === "null" ? null : word === "true";
    throw new JsonSyntaxError(at, "a value");
  };

  const value = parseValue(0);
  take(SPACE);
  if (at !== text.length) throw new JsonSyntaxError(at, "nothing more");
  return value;
}
