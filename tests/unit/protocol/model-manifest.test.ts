// The manifest's validation: what passes, and that every refusal names the field, what was expected and what was got.

import { expect, test } from "vitest";
import { AppError } from "../../../src/protocol/app-error.ts";
import { parseManifest } from "../../../src/protocol/model-manifest.ts";

const SHA256 = "0123456789abcdef".repeat(4);

function validManifest() {
  return {
    version: 1,
    models: [
      {
        id: "kiln-small",
        name: "Kiln Small",
        type: "checkpoint",
        family: "sd1",
        description: "A small model.",
        license: "MIT",
        dtype: "F16",
        files: [
          { role: "checkpoint", path: "models/a.safetensors", bytes: 10, sha256: SHA256 },
          { role: "vocabulary", urls: ["https://example.org/vocab.json"], bytes: 0, sha256: SHA256 },
        ],
        needs: { memoryBytes: 1000, features: ["shader-f16"] },
        defaults: {
          width: 256,
          height: 512,
          steps: 12,
          guidanceScale: 5.5,
          sampler: "DPM++ 2M",
          schedule: "Karras",
          clipSkip: 1,
        },
        examples: ["a boat"],
      },
    ],
  };
}

/** A valid manifest with one field replaced; `undefined` removes it. */
function withField(path: string, value: unknown): unknown {
  const manifest: unknown = validManifest();
  const names = path.split(".");
  const last = names.pop()!;
  const parent = names.reduce((node, name) => (node as Record<string, unknown>)[name], manifest);
  if (value === undefined) delete (parent as Record<string, unknown>)[last];
  else (parent as Record<string, unknown>)[last] = value;
  return manifest;
}

const remoteFile = (name?: string): object => ({
  ...{ role: "part", urls: ["https://example.org/a.safetensors"], bytes: 10, sha256: SHA256 },
  ...(name !== undefined && { name }),
});

function errorOf(json: unknown): AppError {
  try {
    parseManifest(json);
  } catch (error) {
    expect(error).toBeInstanceOf(AppError);
    return error as AppError;
  }
  throw new Error("The manifest was accepted.");
}

test("a valid manifest comes back as it is", () => {
  expect(parseManifest(validManifest())).toEqual(validManifest());
  expect(parseManifest({ version: 1, models: [] })).toEqual({ version: 1, models: [] });
});

test.each([
  ["models.0.examples", undefined],
  ["models.0.files.0.urls", ["https://example.org/a.safetensors"]],
  ["models.0.files.1.path", "vocab.json"],
  ["models.0.needs.features", []],
  ["models.0.type", "lora"],
  ["models.0.files", [remoteFile("unet/a.safetensors"), remoteFile("vae/a.safetensors")]],
])("%s may be %j", (path, value) => {
  expect(() => parseManifest(withField(path, value))).not.toThrow();
});

test.each([
  ["version", 2, "version"],
  ["version", undefined, "version"],
  ["models", {}, "models"],
  ["extra", 1, "extra"],
  ["models.0", null, "models[0]"],
  ["models.0", [], "models[0]"],
  ["models.0.id", "", "models[0].id"],
  ["models.0.name", 5, "models[0].name"],
  ["models.0.type", "model", "models[0].type"],
  ["models.0.family", undefined, "models[0].family"],
  ["models.0.description", null, "models[0].description"],
  ["models.0.license", undefined, "models[0].license"],
  ["models.0.dtype", 16, "models[0].dtype"],
  ["models.0.licence", "MIT", "models[0].licence"],
  ["models.0.files", "a.safetensors", "models[0].files"],
  ["models.0.files.0.role", undefined, "models[0].files[0].role"],
  ["models.0.files.0.path", undefined, "models[0].files[0]"],
  ["models.0.files.0.path", "/models/a.safetensors", "models[0].files[0].path"],
  ["models.0.files.0.path", "../a.safetensors", "models[0].files[0].path"],
  ["models.0.files.0.path", "models/../../a.safetensors", "models[0].files[0].path"],
  ["models.0.files.0.path", "models/..", "models[0].files[0].path"],
  ["models.0.files.0.path", "https://example.org/a", "models[0].files[0].path"],
  ["models.0.files.0.path", "javascript:alert(1)", "models[0].files[0].path"],
  ["models.0.files.1.urls", ["http://example.org/a"], "models[0].files[1].urls[0]"],
  ["models.0.files.1.urls", ["https://"], "models[0].files[1].urls[0]"],
  ["models.0.files.1.urls", "https://example.org/a", "models[0].files[1].urls"],
  ["models.0.files.0.bytes", -1, "models[0].files[0].bytes"],
  ["models.0.files.0.bytes", 1.5, "models[0].files[0].bytes"],
  ["models.0.files.0.bytes", "10", "models[0].files[0].bytes"],
  ["models.0.files.0.bytes", 2 ** 53, "models[0].files[0].bytes"],
  ["models.0.files.0.sha256", SHA256.toUpperCase(), "models[0].files[0].sha256"],
  ["models.0.files.0.sha256", SHA256.slice(1), "models[0].files[0].sha256"],
  ["models.0.needs.memoryBytes", undefined, "models[0].needs.memoryBytes"],
  ["models.0.needs.features", [""], "models[0].needs.features[0]"],
  ["models.0.defaults.width", 100, "models[0].defaults.width"],
  ["models.0.defaults.height", 32, "models[0].defaults.height"],
  ["models.0.defaults.steps", 0, "models[0].defaults.steps"],
  ["models.0.defaults.steps", 12.5, "models[0].defaults.steps"],
  ["models.0.defaults.guidanceScale", 0, "models[0].defaults.guidanceScale"],
  ["models.0.defaults.guidanceScale", "5", "models[0].defaults.guidanceScale"],
  ["models.0.defaults.sampler", undefined, "models[0].defaults.sampler"],
  ["models.0.defaults.clipSkip", 0, "models[0].defaults.clipSkip"],
  ["models.0.defaults.clipSkip", 1.5, "models[0].defaults.clipSkip"],
  ["models.0.examples", ["", "a boat"], "models[0].examples[0]"],
])("%s = %j is refused at %s", (path, value, where) => {
  const error = errorOf(withField(path, value));
  expect(error.name).toBe("FileFormat");
  expect(error.details.where).toBe(`manifest.${where}`);
  expect(error.details.expected).not.toBe("");
  const missing = value === undefined;
  if (missing && !where.endsWith("]")) expect(error.details.got).toBe("nothing");
  expect(error.message).toContain(`manifest.${where} should be ${error.details.expected}`);
});

test.each([null, undefined, 5, "text", [], true])("%j is no manifest", (json) => {
  expect(errorOf(json).details).toMatchObject({ where: "manifest", expected: "an object" });
});

test("two models cannot share an id", () => {
  const manifest = validManifest();
  manifest.models.push(manifest.models[0]);
  expect(errorOf(manifest).details).toMatchObject({
    where: "manifest.models (kiln-small)",
    expected: "a unique id",
  });
});

test("a huge wrong value is not repeated in full", () => {
  expect(errorOf(withField("models.0.type", "x".repeat(10_000))).message.length).toBeLessThan(400);
});

test("an own __proto__ is an unknown field and reaches no prototype", () => {
  const json: unknown = JSON.parse('{"version":1,"models":[],"__proto__":{"polluted":true}}');
  expect(errorOf(json).details.where).toBe("manifest.__proto__");
  expect("polluted" in {}).toBe(false);
});

test("inherited names are no fields of the schema", () => {
  expect(errorOf({ version: 1, models: [], constructor: 1 }).details.where).toBe("manifest.constructor");
});

test("files of a folder need names, and none may lead out of it", () => {
  const unnamed = errorOf(withField("models.0.files", [remoteFile("a"), remoteFile()]));
  expect(unnamed.details).toMatchObject({ where: "manifest.models[0].files (part).name" });
  const outside = errorOf(withField("models.0.files", [remoteFile("a"), remoteFile("../b")]));
  expect(outside.details).toMatchObject({ where: "manifest.models[0].files[1].name" });
});
