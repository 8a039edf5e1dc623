// A1111's infotext: the text form of a recipe. Only its grammar; what the keys mean is infotext-recipe.ts.
//
//   prompt, any number of lines
//   Negative prompt: any number of lines            (left out when empty)
//   Steps: 20, Sampler: Euler a, Model: "a, b"      (values with , : or a newline are JSON strings)

export interface Infotext {
  readonly prompt: string;
  readonly negativePrompt: string;
  /** In the order of the text. Unknown keys stay, so that other programs' parameters survive. */
  readonly parameters: readonly (readonly [key: string, value: string])[];
}

const NEGATIVE_PREFIX = "Negative prompt:";

// Fewer pairs may be part of a prompt that happens to hold colons and commas.
const MIN_PARAMETERS = 3;

const KEY = /\s*([\p{L}\p{N}_][\p{L}\p{N}_ \-/]+):[^\S\n]*/uy;
const QUOTED = /"(?:\\.|[^\\"])*"/y;

/** Values that would not come back as they are without quotes. */
const needsQuotes = (value: string): boolean => /[,:\n]|^\s|\s$|^["[{]/.test(value);

export function formatInfotext({ prompt, negativePrompt, parameters }: Infotext): string {
  const lines: string[] = [];
  if (prompt !== "") lines.push(prompt);
  if (negativePrompt !== "") lines.push(`${NEGATIVE_PREFIX} ${negativePrompt}`);
  lines.push(
    parameters
      .map(([key, value]) => `${key}: ${needsQuotes(value) ? JSON.stringify(value) : value}`)
      .join(", "),
  );
  return lines.join("\n");
}

/** End of the JSON list or object that starts at `start`, or -1. Some sites write them without quotes. */
function jsonEnd(line: string, start: number): number {
  let depth = 0;
  for (let i = start; i < line.length; i++) {
    const character = line[i];
    if (character === '"') {
      QUOTED.lastIndex = i;
      if (!QUOTED.test(line)) return -1;
      i = QUOTED.lastIndex - 1;
    } else if (character === "[" || character === "{") {
      depth++;
    } else if (character === "]" || character === "}") {
      depth--;
      if (depth === 0) return i + 1;
    }
  }
  return -1;
}

function parseParameters(line: string): [string, string][] {
  const parameters: [string, string][] = [];
  let bracketsClose = true; // one failed search is enough: more would make a hostile text quadratic

  const readValue = (start: number): { value: string; end: number } => {
    if (line[start] === '"') {
      QUOTED.lastIndex = start;
      const quoted = QUOTED.exec(line)?.[0];
      if (quoted !== undefined) return { value: unquote(quoted), end: start + quoted.length };
    } else if (bracketsClose && (line[start] === "[" || line[start] === "{")) {
      const end = jsonEnd(line, start);
      if (end > 0) return { value: line.slice(start, end), end };
      bracketsClose = false;
    }
    const end = endOfField(line, start);
    return { value: line.slice(start, end).trim(), end };
  };

  for (let position = 0; position < line.length;) {
    KEY.lastIndex = position;
    const key = KEY.exec(line);
    if (key) {
      const { value, end } = readValue(KEY.lastIndex);
      parameters.push([key[1].trim(), value]);
      position = end;
    }
    position = endOfField(line, position) + 1;
  }
  return parameters;
}

function endOfField(line: string, start: number): number {
  const comma = line.indexOf(",", start);
  return comma < 0 ? line.length : comma;
}

/** The string a JSON literal stands for; the literal itself where its escapes are not JSON's. */
function unquote(literal: string): string {
  try {
    return JSON.parse(literal) as string;
  } catch {
    return literal;
  }
}

/** Reads any text; one that is no infotext comes back as a prompt without parameters. */
export function parseInfotext(text: string): Infotext {
  const lines = text.replaceAll("\r\n", "\n").replace(/\n+$/, "").split("\n");
  let parameters = parseParameters(lines[lines.length - 1]);
  if (parameters.length >= MIN_PARAMETERS) lines.pop();
  else parameters = [];

  const negativeStart = lines.findIndex((line) => line.trimStart().startsWith(NEGATIVE_PREFIX));
  const promptLines = negativeStart < 0 ? lines : lines.slice(0, negativeStart);
  const negativeLines = negativeStart < 0 ? [] : lines.slice(negativeStart);
  return {
    prompt: promptLines.join("\n"),
    negativePrompt: negativeLines.join("\n").trimStart().slice(NEGATIVE_PREFIX.length).replace(/^ /, ""),
    parameters,
  };
}
