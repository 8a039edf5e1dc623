// How many queries attend at once, at the sizes where the WASM kernel would count beyond 32 bits.

import { expect, test } from "vitest";
import { attentionRows } from "../../../src/models/attention-rows.ts";
import { dialects } from "../../../src/models/dialects.ts";

const { maxAttentionWork } = dialects["wasm-float32"];
const rows = (headWidth: number, queries: number, keys: number): number =>
  attentionRows({ headWidth, queries, keys }, maxAttentionWork);

test.each([
  ["SD 1.5 at 512x512", 40, 4096, 4096],
  ["SD 1.5 at 576x576, a little too much", 40, 5184, 2592],
  ["SD 2.1 at 512x512, exactly too much", 64, 4096, 2048],
  ["SD 2.1 at 768x768", 64, 9216, 1536],
  ["SDXL at 1024x1024", 64, 4096, 2048],
])("%s", (_, headWidth, tokens, expected) => {
  expect(rows(headWidth, tokens, tokens)).toBe(expected);
  expect(headWidth * expected * tokens).toBeLessThan(maxAttentionWork);
  expect(rows(headWidth, tokens, 77)).toBe(tokens);
});

test("a device without a limit takes all queries at once", () => {
  const shape = { headWidth: 64, queries: 16384, keys: 16384 };
  expect(attentionRows(shape, dialects["webgpu-float16"].maxAttentionWork)).toBe(16384);
});
