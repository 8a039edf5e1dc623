// Records of imported models: what is taken from a file's own, hostile metadata, and what is not.

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { describeModel, dominantDtype, memoryNeeds } from "../../../src/library/describe-model.ts";
import { detectFile } from "../../../src/models/kinds/detect-file.ts";
import { parseManifest } from "../../../src/protocol/model-manifest.ts";
import { openSafetensors } from "../../../src/weights/safetensors.ts";
import { headerFixture, headerOnlySource } from "../../support/header-only.ts";

const MANIFEST = new URL("../../../models-manifest.json", import.meta.url);
const manifest = parseManifest(JSON.parse(readFileSync(MANIFEST, "utf8")));
const imported = { id: "id", fileName: "v1-5.pruned.safetensors", bytes: 5000, sha256: "ab", addedAt: 1 };

async function described(metadata: Record<string, string>) {
  const source = headerOnlySource(headerFixture("stable-diffusion-1-5"), { metadata });
  const checkpoint = await openSafetensors(source);
  return describeModel(checkpoint, detectFile(checkpoint), imported);
}

test("without metadata the name is the file's and the defaults are the family's", async () => {
  expect(await described({})).toMatchObject({
    ...imported,
    name: "v1-5.pruned",
    family: "sd1",
    type: "checkpoint",
    license: "unknown",
    defaults: { width: 512, height: 512, steps: 20 },
  });
});

test("title, licence and resolution come from the metadata", async () => {
  const metadata = {
    "modelspec.title": "A  Fine\nModel\u0007",
    "modelspec.license": "MIT",
    "modelspec.resolution": "256x320",
  };
  expect(await described(metadata)).toMatchObject({
    name: "A Fine Model",
    license: "MIT",
    defaults: { width: 256, height: 320, steps: 20 },
  });
});

test("the memory need grows with the size", async () => {
  const [small, large] = [await described({ "modelspec.resolution": "256x256" }), await described({})];
  // SD 1.5 has 1.07 billion weights.
  expect(small.needs.memoryBytes).toBeGreaterThan(4e9);
  expect(large.needs.memoryBytes).toBeGreaterThan(small.needs.memoryBytes);
});

test("the memory need is known in both precisions that devices compute with", async () => {
  const { needs } = await described({});
  // The published 1.07 billion weights in half the bytes each; the VAE stays in float32.
  expect(needs.memoryBytesFloat16).toBeGreaterThan(2e9);
  expect(needs.memoryBytesFloat16).toBeLessThan(0.65 * needs.memoryBytes);
});

test("the recommended checkpoints are said to need what their layouts do", async () => {
  const layouts = ["stable-diffusion-1-5", "stable-diffusion-2-1", "stable-diffusion-xl-base"];
  const networks = await Promise.all(
    layouts.map(
      async (name) => detectFile(await openSafetensors(headerOnlySource(headerFixture(name)))).model!,
    ),
  );
  const remote = manifest.models.filter(({ type, files }) => type === "checkpoint" && !files[0].path);
  expect(remote.length).toBeGreaterThan(3);
  for (const { id, needs, defaults } of remote) {
    const expected = networks.map((model) => ({ ...memoryNeeds(model, defaults!), features: [] }));
    expect(expected, id).toContainEqual(needs);
  }
});

test.each(["100x100", "256", "8x8", "99999x512", "0x0", "256x256x3", "-8x-8", "512x"])(
  "a resolution of %s is ignored",
  async (resolution) => {
    expect((await described({ "modelspec.resolution": resolution })).defaults).toMatchObject({ width: 512 });
  },
);

test("a hostile title is cut, an empty one ignored", async () => {
  expect((await described({ "modelspec.title": "x".repeat(1e6) })).name).toHaveLength(120);
  expect((await described({ "modelspec.title": " \u0000\n " })).name).toBe("v1-5.pruned");
});

test("the dominant dtype is the one with most bytes", () => {
  const tensors = new Map([
    ["a", { key: "a", dtype: "F32", shape: [1], start: 0, end: 4 }],
    ["b", { key: "b", dtype: "F16", shape: [4], start: 4, end: 12 }],
    ["c", { key: "c", dtype: "F32", shape: [1], start: 12, end: 15 }],
  ] as const);
  expect(dominantDtype({ tensors })).toBe("F16");
});

test("a folder whose scheduler counts timesteps from the end has a schedule that does so", async () => {
  const { defaults } = await described({ "scheduler.timestep_spacing": "trailing" });
  expect(defaults).toMatchObject({ schedule: "SGM Uniform", steps: 20 });
});
