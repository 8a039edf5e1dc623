// The schema of Civitai's answers: what is kept, what is reported, what makes an answer unusable.

import { describe, expect, test } from "vitest";
import {
  modelAnswer,
  modelPageAnswer,
  toModel,
  toVersion,
  versionAnswer,
} from "../../../../src/library/civitai/answers.ts";
import { Mismatch, readAnswer } from "../../../../src/library/civitai/schema.ts";

const origin = { host: "civitai.com", base: "https://civitai.com", now: Date.parse("2026-06-01") };

const version = {
  id: 1,
  modelId: 2,
  name: "v1",
  baseModel: "SD 1.5",
  trainedWords: ["a", " b ", ""],
  files: [
    {
      id: 9,
      sizeKB: 1,
      name: "x.safetensors",
      hashes: { SHA256: "AB".repeat(32), AutoV2: "abababABab", CRC32: "not hex!" },
      downloadUrl: "https://undefined/api/download/models/1",
    },
  ],
  images: [{ url: "https://image.civitai.com/a/original=true/1.jpeg", nsfwLevel: 4, type: "video" }],
};

function convert(json: unknown) {
  const { value, problems } = readAnswer(versionAnswer, json);
  return { version: toVersion(value, origin), problems, value };
}

describe("a version", () => {
  test("is converted to the protocol's names, with an address of its own for every file", () => {
    const { version: converted, problems } = convert(version);
    expect(problems).toEqual([]);
    expect(converted).toMatchObject({ id: 1, modelId: 2, triggerWords: ["a", "b"], restricted: false });
    expect(converted.files[0]).toMatchObject({
      bytes: 1024,
      hashes: { SHA256: "ab".repeat(32), AutoV2: "ABABABABAB" },
      downloadUrl: "https://civitai.com/api/download/models/1?fileId=9",
    });
    expect(converted.files[0].hashes).not.toHaveProperty("CRC32");
    expect(converted.images[0]).toMatchObject({ nsfwLevel: 4, type: "video" });
  });

  test("keeps fields that are not known", () => {
    const { value } = convert({ ...version, inventedLater: { a: 1 } });
    expect(value.inventedLater).toEqual({ a: 1 });
  });

  test("a wrong optional field is reported with place, expectation and value, and the rest is used", () => {
    const { version: converted, problems } = convert({
      ...version,
      baseModel: 15,
      files: [{ ...version.files[0], sizeKB: "big" }, { name: "no id" }, null],
    });
    expect(problems).toEqual([
      { where: "baseModel", expected: "text", got: "15" },
      { where: "files[0].sizeKB", expected: "a number", got: '"big"' },
      { where: "files[1].id", expected: "a whole number above 0", got: "nothing" },
    ]);
    expect(converted.files).toHaveLength(1);
    expect(converted.files[0].bytes).toBeUndefined();
  });

  test.each([[null], [[]], ["text"], [{ ...version, id: "1" }], [{ ...version, modelId: undefined }]])(
    "without what is needed it is refused: %#",
    (json) => {
      expect(() => convert(json)).toThrow(Mismatch);
    },
  );

  test.each([
    [{ availability: "EarlyAccess" }, true],
    [{ earlyAccessEndsAt: "2026-07-01T00:00:00Z" }, true],
    [{ earlyAccessEndsAt: "2026-05-01T00:00:00Z" }, false],
    [{ usageControl: "Generation" }, true],
    [{ usageControl: "Download", availability: "Public" }, false],
    [{ paidAccess: { price: 5 } }, true],
  ])("%j restricted: %s", (fields, restricted) => {
    expect(convert({ ...version, ...fields }).version.restricted).toBe(restricted);
  });

  test.each([
    ["javascript:alert(1)"],
    ["data:image/png;base64,AAAA"],
    ["http://127.0.0.1:8080/router"],
    ["//x"],
  ])("a picture at %s is left out", (url) => {
    expect(convert({ ...version, images: [{ url }] }).version.images).toEqual([]);
  });

  test("a picture without a level is not taken for a harmless one", () => {
    const images = [
      { url: "https://a/1" },
      { url: "https://a/2", nsfw: "Mature" },
      { url: "https://a/3", nsfwLevel: "Soft" },
    ];
    expect(convert({ ...version, images }).version.images.map(({ nsfwLevel }) => nsfwLevel)).toEqual([
      0, 4, 2,
    ]);
  });

  test("a key named __proto__ stays data", () => {
    const json: unknown = JSON.parse(`{"id":1,"modelId":2,"__proto__":{"polluted":true}}`);
    convert(json);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });
});

describe("a model", () => {
  test("its versions know their model", () => {
    const json = { id: 2, name: "M", type: "LORA", modelVersions: [{ id: 1 }], tags: ["a"] };
    const model = toModel(readAnswer(modelAnswer, json).value, origin);
    expect(model.versions[0]).toMatchObject({ id: 1, modelId: 2, modelName: "M", modelType: "LORA" });
  });

  test.each([["{Image,Rent}"], [["Image", "Rent"]]])("commercial use as %j", (allowCommercialUse) => {
    const { value, problems } = readAnswer(modelAnswer, { id: 2, name: "M", allowCommercialUse });
    expect(toModel(value, origin).licence.commercialUse).toEqual(["Image", "Rent"]);
    expect(problems).toEqual([]);
  });

  test("an entry of a page that cannot be used is left out and reported", () => {
    const { value, problems } = readAnswer(modelPageAnswer, {
      items: [{ id: 1, name: "a" }, { id: 2 }, { id: 3, name: "c" }],
      metadata: { nextCursor: 40 },
    });
    expect(value.items.map(({ id }) => id)).toEqual([1, 3]);
    expect(problems).toEqual([{ where: "items[1].name", expected: "text", got: "nothing" }]);
    expect(value.metadata?.nextCursor).toBe(40);
  });
});
