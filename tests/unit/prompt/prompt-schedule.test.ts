// Prompt schedules by A1111's vectors.

import { expect, test } from "vitest";
import { parsePromptSchedule } from "../../../src/prompt/prompt-schedule.ts";

const brief = (prompt: string, firstPassSteps?: number): [number, string][] =>
  parsePromptSchedule(prompt, { steps: 10, firstPassSteps }).map(({ until, prompt: text }) => [until, text]);

test.each<[string, [number, string][]]>([
  ["", [[10, ""]]],
  ["plain text", [[10, "plain text"]]],
  [
    "a [b:3]",
    [
      [3, "a "],
      [10, "a b"],
    ],
  ],
  [
    "a [b: 3]",
    [
      [3, "a "],
      [10, "a b"],
    ],
  ],
  [
    "a [[[b]]:2]",
    [
      [2, "a "],
      [10, "a [[b]]"],
    ],
  ],
  [
    "[(a:2):3]",
    [
      [3, ""],
      [10, "(a:2)"],
    ],
  ],
  [
    "a [b : c : 1] d",
    [
      [1, "a b  d"],
      [10, "a  c  d"],
    ],
  ],
  [
    "a[b:[c:d:2]:1]e",
    [
      [1, "abe"],
      [2, "ace"],
      [10, "ade"],
    ],
  ],
  ["a [unbalanced", [[10, "a [unbalanced"]]],
  [
    "a [b:.5] c",
    [
      [5, "a  c"],
      [10, "a b c"],
    ],
  ],
  [
    "a [{b|d{:.5] c",
    [
      [5, "a  c"],
      [10, "a {b|d{ c"],
    ],
  ],
  [
    "((a][:b:c [d:3]",
    [
      [3, "((a][:b:c "],
      [10, "((a][:b:c d"],
    ],
  ],
  [
    "[a::4] b",
    [
      [4, "a b"],
      [10, " b"],
    ],
  ],
  [
    "([a:b:4]:1.2)",
    [
      [4, "(a:1.2)"],
      [10, "(b:1.2)"],
    ],
  ],
  ["[a:b:0]", [[10, "b"]]],
  ["[a:b:99]", [[10, "a"]]],
  ["\\[a:b:3\\]", [[10, "\\[a:b:3\\]"]]],
  ["[less] (more:1.2)", [[10, "[less] (more:1.2)"]]],
  [
    "[[x:2]]",
    [
      [2, "[]"],
      [10, "[x]"],
    ],
  ],
])("parsePromptSchedule(%j)", (prompt, expected) => {
  expect(brief(prompt)).toEqual(expected);
});

test("alternation goes round every step", () => {
  const texts = (prompt: string): string[] => brief(prompt).map(([, text]) => text);
  expect(brief("[fe|]male").map(([until]) => until)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  expect(texts("[fe|]male")).toEqual(Array.from({ length: 10 }, (_, i) => (i % 2 ? "male" : "female")));
  expect(texts("[fe|||]male").slice(0, 5)).toEqual(["female", "male", "male", "male", "female"]);
  expect(texts("[[a:b:1]|c]").slice(0, 4)).toEqual(["a", "c", "b", "c"]);
});

test("the second pass of a hires run counts on from the first", () => {
  expect(brief("a [b:.5] c", 10)).toEqual([[10, "a b c"]]);
  expect(brief("a [b:1.5] c", 10)).toEqual([
    [5, "a  c"],
    [10, "a b c"],
  ]);
  expect(brief("a [b:13] c", 10)).toEqual([
    [3, "a  c"],
    [10, "a b c"],
  ]);
});

test.each(["[", "[a:", "[a|", "[]", "]", "\\"])(
  "parsePromptSchedule() survives %j twenty thousand times",
  (part) => {
    const started = performance.now();
    brief(part.repeat(20_000));
    brief(part.repeat(20_000) + ":3]".repeat(20_000));
    expect(performance.now() - started).toBeLessThan(3000);
  },
);
