// The attention syntax by A1111's vectors.

import { expect, test } from "vitest";
import { parsePromptWeights, type PromptPart } from "../../../src/prompt/prompt-weights.ts";

/** Parts as [text, rounded weight] or "BREAK", for short expectations. */
const brief = (parts: readonly PromptPart[]) =>
  parts.map((part) => (part.type === "break" ? "BREAK" : [part.text, Number(part.weight.toFixed(6))]));

test.each<[string, unknown[]]>([
  ["", []],
  ["normal text", [["normal text", 1]]],
  [
    "an (important) word",
    [
      ["an ", 1],
      ["important", 1.1],
      [" word", 1],
    ],
  ],
  ["(unbalanced", [["unbalanced", 1.1]]],
  ["[less]", [["less", 0.909091]]],
  ["\\(literal\\]", [["(literal]", 1]]],
  ["a\\\\b", [["a\\b", 1]]],
  ["(unnecessary)(parens)", [["unnecessaryparens", 1.1]]],
  [
    "a (((house:1.3)) [on] a (hill:0.5), sun, (((sky))).",
    [
      ["a ", 1],
      ["house", 1.573],
      [" ", 1.1],
      ["on", 1],
      [" a ", 1.1],
      ["hill", 0.55],
      [", sun, ", 1.1],
      ["sky", 1.4641],
      [".", 1.1],
    ],
  ],
  [
    "(a:-0.5) (b: +1.5 )",
    [
      ["a", -0.5],
      [" ", 1],
      ["b", 1.5],
    ],
  ],
  ["(a:.5)", [["a", 0.5]]],
  ["ratio 4:3) here", [["ratio 4:3) here", 1]]],
  ["(a:1.2.3)", [["a:1.2.3", 1.1]]],
  ["one BREAK two", [["one", 1], "BREAK", ["two", 1]]],
  ["(one BREAK two:1.2)", [["one", 1.2], "BREAK", ["two", 1.2]]],
  ["BREAKFAST", [["BREAKFAST", 1]]],
  [")]", [[")]", 1]]],
])("parsePromptWeights(%j)", (prompt, expected) => {
  expect(brief(parsePromptWeights(prompt))).toEqual(expected);
});

test("parsePromptWeights() survives thousands of brackets", () => {
  const deep = "(".repeat(3000) + "x" + ")".repeat(3000);
  expect(parsePromptWeights(deep)).toHaveLength(1);
  expect(parsePromptWeights("(".repeat(20_000))).toEqual([]);
});
