// The attention part of A1111's prompt syntax: (more), [less], (this much:1.3), \( escapes and BREAK. Knows no tokens.

export type PromptPart =
  | { readonly type: "text"; readonly text: string; readonly weight: number }
  /** The word BREAK: what follows starts a new chunk. */
  | { readonly type: "break" };

const ROUND_FACTOR = 1.1;
const SQUARE_FACTOR = 1 / 1.1;

// ":1.3)" closes a round bracket with a weight of its own.
const EXPLICIT_WEIGHT = /:\s*([+-]?(?:\d+\.?\d*|\.\d+))\s*\)/y;
const BREAK = /\s*\bBREAK\b\s*/;

interface Segment {
  text: string;
  weight: number;
}

/** Splits at BREAK and joins neighbours of equal weight. */
function toParts(segments: readonly Segment[]): PromptPart[] {
  const parts: PromptPart[] = [];
  for (const { text, weight } of segments) {
    for (const [index, piece] of text.split(BREAK).entries()) {
      if (index > 0) parts.push({ type: "break" });
      if (piece === "") continue;
      const last = parts.at(-1);
      if (last?.type === "text" && last.weight === weight) {
        parts[parts.length - 1] = { type: "text", text: last.text + piece, weight };
      } else {
        parts.push({ type: "text", text: piece, weight });
      }
    }
  }
  return parts;
}

/** Parts in order; brackets that are never closed count as closed at the end of the prompt. Never fails. */
export function parsePromptWeights(prompt: string): PromptPart[] {
  const segments: Segment[] = [];
  const round: number[] = [];
  const square: number[] = [];
  const scale = (from: number, factor: number): void => {
    for (let i = from; i < segments.length; i++) segments[i].weight *= factor;
  };

  let literal = "";
  const flush = (): void => {
    if (literal !== "") segments.push({ text: literal, weight: 1 });
    literal = "";
  };

  for (let i = 0; i < prompt.length; i++) {
    const character = prompt[i];
    if (character === "\\") {
      // A backslash before anything but a bracket or another backslash vanishes, as it does in A1111.
      if (i + 1 < prompt.length && "()[]\\".includes(prompt[i + 1])) literal += prompt[++i];
    } else if (character === "(" || character === "[") {
      flush();
      (character === "(" ? round : square).push(segments.length);
    } else if (character === ")" && round.length > 0) {
      flush();
      scale(round.pop()!, ROUND_FACTOR);
    } else if (character === "]" && square.length > 0) {
      flush();
      scale(square.pop()!, SQUARE_FACTOR);
    } else if (character === ":" && round.length > 0) {
      EXPLICIT_WEIGHT.lastIndex = i;
      const match = EXPLICIT_WEIGHT.exec(prompt);
      if (match) {
        flush();
        scale(round.pop()!, Number(match[1]));
        i += match[0].length - 1;
      } else {
        literal += character;
      }
    } else {
      literal += character;
    }
  }
  flush();
  for (const from of round) scale(from, ROUND_FACTOR);
  for (const from of square) scale(from, SQUARE_FACTOR);
  return toParts(segments);
}
