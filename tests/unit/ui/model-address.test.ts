// What pasted text is taken for before any host is asked.

import { expect, test } from "vitest";
import { recogniseAddress } from "../../../src/ui/model-address.ts";
import { safeHref } from "../../../src/ui/safe-href.ts";

test.each([
  ["https://civitai.com/models/123456?modelVersionId=789012", "civitai", "model 123456, version 789012"],
  ["urn:air:sdxl:lora:civitai:328553@368189", "civitai", "model 328553, version 368189"],
  ["https://civitai.com/models/4201/realistic", "civitai", "model 4201, newest version"],
  ["https://huggingface.co/owner/name", "huggingface", "owner/name"],
  [
    "https://huggingface.co/owner/name/resolve/main/a.safetensors",
    "huggingface",
    "owner/name: a.safetensors",
  ],
  ["owner/name", "huggingface", "owner/name"],
  ["https://github.com/owner/name/releases/download/v1/x4.pth", "github", "x4.pth"],
  ["ipfs://bafybeigdyrzt/model.safetensors", "ipfs", "bafybeigdyrzt/model.safetensors"],
  ["https://example.org/my%20model.safetensors", "direct", "example.org: my model.safetensors"],
])("%s is from %s: %s", (text, source, what) => {
  expect(recogniseAddress(`  ${text} `)).toMatchObject({ source, what });
});

test("prompts, scripts and half addresses are nothing", () => {
  for (const text of ["a red house by the sea", "javascript:alert(1)", "https://huggingface.co/owner", ""]) {
    expect(recogniseAddress(text), text).toBeUndefined();
  }
});

test("only what is clearly a model is taken from anywhere", () => {
  expect(recogniseAddress("https://example.org/page")?.certain).toBe(false);
  expect(recogniseAddress("red/blue")?.certain).toBe(false);
  expect(recogniseAddress("https://example.org/x.safetensors")?.certain).toBe(true);
});

test("links from outside are web addresses or nothing", () => {
  expect(safeHref("javascript:alert(1)")).toBeUndefined();
  expect(safeHref("data:text/html,x")).toBeUndefined();
  expect(safeHref("not an address")).toBeUndefined();
  expect(safeHref("https://example.org/a b")).toBe("https://example.org/a%20b");
});
