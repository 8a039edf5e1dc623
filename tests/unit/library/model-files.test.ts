// File names of imported models: whatever a file is called, its copy has a harmless name.

import { expect, test } from "vitest";
import { safeFileName } from "../../../src/library/model-files.ts";

test.each([
  ["model.safetensors", "model.safetensors"],
  ["Модель 1.safetensors", "Модель 1.safetensors"],
  ["../../etc/passwd", "_.._etc_passwd"],
  ["a\\b:c*d?.safetensors", "a_b_c_d_.safetensors"],
  ["new\nline\u0000.safetensors", "new_line_.safetensors"],
  [".hidden", "hidden"],
  ["trailing. ", "trailing"],
  ["...", "model.safetensors"],
  ["", "model.safetensors"],
])("%j becomes %j", (name, expected) => {
  expect(safeFileName(name)).toBe(expected);
});

test("a long name keeps its extension", () => {
  const name = safeFileName(`${"x".repeat(500)}.safetensors`);
  expect(name).toHaveLength(120);
  expect(name).toMatch(/x\.safetensors$/);
  expect(safeFileName(`x.${"y".repeat(500)}`)).toHaveLength(120);
});
