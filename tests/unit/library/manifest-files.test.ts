// models-manifest.json against the files it describes: the checker itself, and the project's own manifest.

import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { manifestFaults, measuredManifest } from "../../../scripts/manifest-files.ts";
import { parseManifest } from "../../../src/protocol/model-manifest.ts";
import { samplers } from "../../../src/sampling/samplers.ts";
import { schedules } from "../../../src/sampling/schedules.ts";

const projectRoot = join(import.meta.dirname, "../../..");
const tinyModel = join(projectRoot, "tests/fixtures/models/tiny.safetensors");
const readManifest = (path: string) => parseManifest(JSON.parse(readFileSync(path, "utf8")));

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "kiln-manifest-"));
  cpSync(join(projectRoot, "tests/fixtures/library/whole"), folder, { recursive: true });
  cpSync(tinyModel, join(folder, "model.safetensors"));
});

afterEach(() => rmSync(folder, { recursive: true }));

test("a measured manifest agrees with its files", async () => {
  const measured = await measuredManifest(readManifest(join(folder, "models-manifest.json")), folder);
  expect(await manifestFaults(measured, folder)).toEqual([]);
  expect(measured.models[0]).toMatchObject({
    dtype: "F16",
    files: [{ bytes: readFileSync(tinyModel).length }, {}, {}],
  });
});

test("every disagreement is named", async () => {
  const manifest = readManifest(join(folder, "models-manifest.json"));
  const models = manifest.models.map((model) => ({ ...model, dtype: "F32" }));
  const faults = await manifestFaults({ ...manifest, models }, folder);
  expect(faults).toHaveLength(5);
  expect(faults.join("\n")).toMatch(/embedded: dtype should be F16, got F32\./);
  expect(faults.join("\n")).toMatch(/embedded: needs\.memoryBytes should be \d{7,}, got 1000\./);
  expect(faults.join("\n")).toMatch(/embedded: needs\.memoryBytesFloat16 should be \d{6,}, got 0\./);
  expect(faults.join("\n")).toMatch(/embedded: bytes of model\.safetensors should be \d+, got \d+\./);
  expect(faults.join("\n")).toMatch(/embedded: sha256 of model\.safetensors should be \w{64}, got \w{64}\./);
});

test("one changed byte is found", async () => {
  const measured = await measuredManifest(readManifest(join(folder, "models-manifest.json")), folder);
  writeFileSync(
    join(folder, "merges.txt"),
    readFileSync(join(folder, "merges.txt"), "utf8").replace("sea", "tea"),
  );
  writeFileSync(join(folder, "vocab.json"), "{}");
  expect((await manifestFaults(measured, folder)).map((fault) => fault.split(" should")[0])).toEqual([
    "embedded: bytes of vocab.json",
    "embedded: sha256 of vocab.json",
  ]);
});

test("a missing preview is named", async () => {
  const measured = await measuredManifest(readManifest(join(folder, "models-manifest.json")), folder);
  const models = measured.models.map((model) => ({ ...model, preview: "preview.webp" }));
  expect(await manifestFaults({ ...measured, models }, folder)).toEqual([
    expect.stringContaining("preview.webp is missing"),
  ]);
});

test("a missing file is named", async () => {
  rmSync(join(folder, "merges.txt"));
  const faults = await manifestFaults(readManifest(join(folder, "models-manifest.json")), folder);
  expect(faults).toEqual([`embedded: merges.txt is missing in ${folder}.`]);
});

test("the project's manifest agrees with public/", async () => {
  const manifest = readManifest(join(projectRoot, "models-manifest.json"));
  expect(await manifestFaults(manifest, join(projectRoot, "public"))).toEqual([]);
});

test("the project's embedded model comes with everything needed and fits its budget", () => {
  const [model] = readManifest(join(projectRoot, "models-manifest.json")).models;
  expect(model.files.map(({ role }) => role)).toEqual(["checkpoint", "vocabulary", "merges"]);
  expect(model.files.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThanOrEqual(30_000_000);
  expect(samplers.map(({ name }) => name)).toContain(model.defaults?.sampler);
  expect(schedules.map(({ name }) => name)).toContain(model.defaults?.schedule);
});
