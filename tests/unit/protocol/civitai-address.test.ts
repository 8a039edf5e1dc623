// Addresses as people paste them, and lookalikes that must not be taken for one.

import { describe, expect, test } from "vitest";
import {
  civitaiDownloadUrl,
  civitaiPageUrl,
  parseCivitaiAddress,
} from "../../../src/protocol/civitai-address.ts";

describe("a pasted address", () => {
  test.each([
    ["https://civitai.com/models/123456?modelVersionId=789012", { modelId: 123456, versionId: 789012 }],
    ["https://civitai.com/models/123456", { modelId: 123456 }],
    ["  https://civitai.com/models/123456/some-name?foo=1#top \n", { modelId: 123456 }],
    ["civitai.com/models/5", { modelId: 5 }],
    ["https://www.civitai.red/models/5?modelVersionId=6", { modelId: 5, versionId: 6 }],
    ["https://civitai.green/models/5", { modelId: 5 }],
    ["https://civitai.com/model-versions/77", { versionId: 77 }],
    ["https://civitai.com/api/download/models/77", { versionId: 77 }],
    ["https://civitai.com/api/download/models/77?fileId=9&token=secret", { versionId: 77, fileId: 9 }],
    ["https://civitai.com/api/v1/models/5", { modelId: 5 }],
    ["https://civitai.com/api/v1/model-versions/77", { versionId: 77 }],
    ["urn:air:sdxl:lora:civitai:328553@368189", { modelId: 328553, versionId: 368189 }],
    ["air:sd1:checkpoint:civitai:4384@128713.safetensor", { modelId: 4384, versionId: 128713 }],
    ["urn:air:sd1:embedding:civitai:7808", { modelId: 7808 }],
  ])("%s", (text, expected) => {
    expect(parseCivitaiAddress(text)).toEqual(expected);
  });

  test.each([
    "",
    "a cat with a hat",
    "https://civitai.com/",
    "https://civitai.com/models",
    "https://civitai.com/models/abc",
    "https://civitai.com/models/-5",
    "https://civitai.com/user/5",
    "https://civitai.com.evil.example/models/5",
    "https://evil.example/civitai.com/models/5",
    "https://civitai.com@evil.example/models/5",
    "javascript:alert(1)//civitai.com/models/5",
    "ftp://civitai.com/models/5",
    "https://civitai.com/models/99999999999999999999",
    "urn:air:sdxl:lora:huggingface:328553@368189",
  ])("not one: %s", (text) => {
    expect(parseCivitaiAddress(text)).toBeUndefined();
  });
});

test("built addresses are parsed back to the same ids", () => {
  expect(parseCivitaiAddress(civitaiDownloadUrl("civitai.com", 7, 9))).toEqual({ versionId: 7, fileId: 9 });
  expect(civitaiDownloadUrl("civitai.red", 7)).toBe("https://civitai.red/api/download/models/7");
  expect(parseCivitaiAddress(civitaiPageUrl("civitai.red", 5, 7))).toEqual({ modelId: 5, versionId: 7 });
});
