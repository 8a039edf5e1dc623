// Ctrl+Up and Ctrl+Down on prompts: A1111's rules as a table. `|` marks the caret, `‹›` a selection.

import { expect, test } from "vitest";
import { editWeight, type TextSelection } from "../../../src/ui/prompt-edit.ts";

function parse(marked: string): TextSelection {
  if (marked.includes("|")) {
    const at = marked.indexOf("|");
    return { text: marked.replace("|", ""), start: at, end: at };
  }
  const start = marked.indexOf("‹");
  const end = marked.indexOf("›") - 1;
  return { text: marked.replace(/[‹›]/g, ""), start, end };
}

function show(selection: TextSelection | undefined): string | undefined {
  if (!selection) return undefined;
  const { text, start, end } = selection;
  return start === end
    ? `${text.slice(0, start)}|${text.slice(start)}`
    : `${text.slice(0, start)}‹${text.slice(start, end)}›${text.slice(end)}`;
}

const CASES: readonly (readonly [
  what: string,
  before: string,
  direction: 1 | -1,
  after: string | undefined,
])[] = [
  ["weighs the word at the caret", "a red li|ghthouse, sea", 1, "a red (‹lighthouse›:1.1), sea"],
  ["weighs down too", "a red li|ghthouse, sea", -1, "a red (‹lighthouse›:0.9), sea"],
  [
    "weighs the selected phrase without its outer spaces",
    "a ‹red lighthouse ›by",
    1,
    "a (‹red lighthouse›:1.1) by",
  ],
  ["moves the number of a numbered bracket", "a (‹house›:1.1) b", 1, "a (‹house›:1.2) b"],
  [
    "finds the bracket around the caret, words and all",
    "a (red ho|use:1.35) b",
    -1,
    "a (‹red house›:1.25) b",
  ],
  ["drops the brackets at weight 1", "a (‹house›:1.1) b", -1, "a ‹house› b"],
  ["prints whole weights with a digit", "(‹x›:1.9)", 1, "(‹x›:2.0)"],
  ["folds nested brackets into one number", "((‹x›))", 1, "(‹x›:1.3)"],
  ["folds one bracket", "(|x)", -1, "‹x›"],
  ["turns a square bracket into a number", "[|x]", -1, "(‹x›:0.8)"],
  ["leaves prompt schedules whole and weighs the word", "[cat:d|og:0.5]", 1, "[cat:(‹dog›:1.1):0.5]"],
  ["moves an adapter's number by half a step", "<lora:na|me:0.8> x", 1, "<lora:na|me:0.85> x"],
  ["takes escaped brackets for text", "\\(wo|rd\\)", 1, "\\((‹word›:1.1)\\)"],
  ["has nothing to do between words", "a, | b", 1, undefined],
  ["goes below zero", "(‹x›:0.0)", -1, "(‹x›:-0.1)"],
];

for (const [what, before, direction, after] of CASES) {
  test(`editWeight() ${what}`, () => {
    expect(show(editWeight(parse(before), direction))).toBe(after);
  });
}
