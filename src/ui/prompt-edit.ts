// Ctrl+Up and Ctrl+Down on a prompt: raises or lowers the weight of the bracket or word at the caret. Pure text in, text out.
// The rules are A1111's: steps of 0.1 (0.05 inside <...>), nested brackets fold into one number, weight 1 drops the brackets.

export interface TextSelection {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

const STEP = 0.1;
const ADAPTER_STEP = 0.05; // inside <lora:name:0.8>
const BRACKET_WEIGHT = 1.1; // what each unnumbered () multiplies by
const DELIMITERS = ".,\\/!?%^*;:{}=`~() \r\n\t";

interface Span {
  readonly start: number;
  readonly end: number;
}

/** Index of the bracket that opens around `at`, or -1. `step` is -1 to look left, +1 to look right. */
function enclosing(text: string, at: number, own: string, opposite: string, step: 1 | -1): number {
  let depth = 0;
  for (let i = step < 0 ? at - 1 : at; i >= 0 && i < text.length; i += step) {
    if (text[i - 1] === "\\") continue; // an escaped bracket is text
    if (text[i] === opposite) depth++;
    else if (text[i] === own) {
      if (depth === 0) return i;
      depth--;
    }
  }
  return -1;
}

/** The innermost bracket pair around the selection, brackets included. */
function bracketAround({ text, start, end }: TextSelection, open: string, close: string): Span | undefined {
  const left = enclosing(text, start, open, close, -1);
  const right = enclosing(text, end, close, open, 1);
  return left >= 0 && right >= 0 ? { start: left, end: right + 1 } : undefined;
}

function wordAround({ text, start }: TextSelection): Span | undefined {
  let left = start;
  let right = start;
  while (left > 0 && !DELIMITERS.includes(text[left - 1])) left--;
  while (right < text.length && !DELIMITERS.includes(text[right])) right++;
  return left < right ? { start: left, end: right } : undefined;
}

function trimmed(text: string, span: Span): Span {
  const inner = text.slice(span.start, span.end);
  const start = span.start + (inner.length - inner.trimStart().length);
  return { start, end: Math.max(start, span.end - (inner.length - inner.trimEnd().length)) };
}

function formatWeight(weight: number): string {
  const rounded = Math.round(weight * 100) / 100;
  return Number.isInteger(rounded) ? rounded.toFixed(1) : String(rounded);
}

function replaced({ text }: TextSelection, span: Span, replacement: string, select: Span): TextSelection {
  return {
    text: text.slice(0, span.start) + replacement + text.slice(span.end),
    start: span.start + select.start,
    end: span.start + select.end,
  };
}

/** `<lora:name:0.8>`: only the last number moves. */
function editAdapter(selection: TextSelection, span: Span, direction: 1 | -1): TextSelection | undefined {
  const tag = selection.text.slice(span.start, span.end);
  const match = /^(<[^<>]*:)(-?\d+(?:\.\d+)?)>$/.exec(tag);
  if (!match) return undefined;
  const next = `${match[1]}${formatWeight(Number(match[2]) + direction * ADAPTER_STEP)}>`;
  const moved = next.length - tag.length;
  const clamp = (at: number): number =>
    Math.min(Math.max(at - span.start, 0), tag.length) + (at >= span.end ? moved : 0);
  return replaced(selection, span, next, { start: clamp(selection.start), end: clamp(selection.end) });
}

/** `((x))` → text "x" and weight 1.2; `[x]` → 0.9; `(x:1.3)` → 1.3. */
function unwrap(
  text: string,
  inner: Span,
): { readonly span: Span; readonly body: string; readonly weight: number } {
  let { start, end } = inner;
  const [open, close] = [text[start], text[end - 1]];
  let layers = 1;
  while (text[start - 1] === open && text[start - 2] !== "\\" && text[end] === close) {
    start--;
    end++;
    layers++;
  }
  const body = text.slice(inner.start + 1, inner.end - 1);
  const numbered = open === "(" ? /^(.*):\s*(-?\d+(?:\.\d+)?)\s*$/s.exec(body) : null;
  if (numbered && layers === 1) return { span: inner, body: numbered[1], weight: Number(numbered[2]) };
  const unit = open === "(" ? BRACKET_WEIGHT : 1 / BRACKET_WEIGHT;
  const weight = numbered ? Number(numbered[2]) * unit ** (layers - 1) : unit ** layers;
  return { span: { start, end }, body: numbered?.[1] ?? body, weight: Math.round(weight * 10) / 10 };
}

/** The innermost round or square bracket. Square ones with a colon or bar are prompt schedules: no weight to edit. */
function weightBracket(selection: TextSelection): Span | undefined {
  const round = bracketAround(selection, "(", ")");
  const square = bracketAround(selection, "[", "]");
  if (!square || (round && round.start > square.start)) return round;
  return /[:|]/.test(selection.text.slice(square.start, square.end)) ? round : square;
}

/** Raises (1) or lowers (-1) the weight at the selection; undefined when there is nothing to weigh. */
export function editWeight(selection: TextSelection, direction: 1 | -1): TextSelection | undefined {
  const adapter = bracketAround(selection, "<", ">");
  if (adapter) return editAdapter(selection, adapter, direction);

  const bracket = weightBracket(selection);
  const picked =
    bracket ?? (selection.start < selection.end ? trimmed(selection.text, selection) : wordAround(selection));
  if (!picked || picked.start === picked.end) return undefined;
  const { span, body, weight } = bracket
    ? unwrap(selection.text, bracket)
    : { span: picked, body: selection.text.slice(picked.start, picked.end), weight: 1 };

  const next = Math.round((weight + direction * STEP) * 100) / 100;
  if (next === 1) return replaced(selection, span, body, { start: 0, end: body.length });
  return replaced(selection, span, `(${body}:${formatWeight(next)})`, { start: 1, end: 1 + body.length });
}
