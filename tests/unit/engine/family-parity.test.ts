// Every family from prompt to final latents on the WASM kernels, against diffusers' own pipelines on the same tiny random
// weights (tools/fixtures/pipelines.py): recognised by itself, in the original and in diffusers' layout.

import { afterEach, beforeAll, describe, expect, test } from "vitest";
import type { KilnEngine } from "../../../src/engine/engine.ts";
import type { OpenedModel } from "../../../src/library/open-model.ts";
import { detectModel } from "../../../src/models/detect-model.ts";
import type { DumpedTensor, GenerationRequest } from "../../../src/protocol/generation-request.ts";
import { openDiffusersFolder } from "../../../src/weights/diffusers-folder.ts";
import { memorySource } from "../../../src/weights/memory-source.ts";
import { widenToFloat32 } from "../../../src/weights/dtypes.ts";
import { openSafetensors } from "../../../src/weights/safetensors.ts";
import { writeSafetensors, type TensorToWrite } from "../../../src/weights/write-safetensors.ts";
import { familyFile, familyFixture, familyFolder, type FamilyModel } from "../../support/family-models.ts";
import { GoldenTensors, tinyModel } from "../../support/fixture-model.ts";
import { startNodeEngine } from "../../support/node-engine.ts";
import { relativeDifference } from "../../support/relative-difference.ts";
import { tinyRequest } from "../../support/tiny-request.ts";

const LATENTS_TOLERANCE = 1e-3;
const IMAGE_TOLERANCE = 2e-3;
/** Each makes and runs up to five sessions. */
const SLOW = { timeout: 60_000 };

const base = { steps: 4, guidanceScale: 5, schedule: "Uniform", dumpTensors: true } as const;
/** diffusers' "trailing" timesteps, where the number of steps divides 1000. */
const trailing = { schedule: "Simple" };
const unguided = { ...trailing, guidanceScale: 1 };
const consistent = { ...trailing, sampler: "LCM" };
const merged = { ...consistent, guidanceScale: 1.5 };
const negative = { negativePrompt: "n o ." };

interface Case extends FamilyModel {
  /** File name; some families are told by it. */
  readonly file?: string;
  readonly family?: string;
  readonly request?: Partial<GenerationRequest>;
}

const EDM = ["edm_mean", "edm_std"];

/** By the name of its latents in the fixture, which is the family's id where nothing else is said. */
const cases: Readonly<Record<string, Case>> = {
  sd1: { unet: "sd1" },
  "sd1-v": { unet: "sd1", markers: ["v_pred"], request: negative },
  "sd1-v-ztsnr": { unet: "sd1", markers: ["v_pred", "ztsnr"], request: trailing },
  "sd1-lcm-merge": { unet: "sd1", file: "dream_8LCM.safetensors", request: merged },
  "sd1-lcm": { unet: "sd1-lcm", request: consistent },
  "sd1-inpainting": { unet: "sd1-inpainting" },
  "sd1-pix2pix": { unet: "sd1-pix2pix" },
  "sd2-v": { unet: "sd2" },
  "sd2-v-ztsnr": { unet: "sd2", markers: ["v_pred", "ztsnr"], request: trailing },
  "sd2-base": { unet: "sd2", file: "v2-512-base.safetensors", request: negative },
  "sd2-inpainting": { unet: "sd2-inpainting" },
  "sd-turbo": { unet: "sd2", file: "sd_turbo.safetensors", request: unguided },
  sdxl: { unet: "xl" },
  "sdxl-negative": { unet: "xl", family: "sdxl", request: negative },
  "sdxl-wide": { unet: "xl", family: "sdxl", request: { width: 128 } },
  "sdxl-turbo": { unet: "xl", file: "sd_xl_turbo_1.0.safetensors", request: unguided },
  "sdxl-lightning": {
    unet: "xl",
    file: "dreamLightning.safetensors",
    request: { ...trailing, guidanceScale: 1.5 },
  },
  "sdxl-v": { unet: "xl", markers: ["v_pred"] },
  "sdxl-v-ztsnr": { unet: "xl", markers: ["v_pred", "ztsnr"], request: trailing },
  "sdxl-v-continuous": { unet: "xl", markers: ["edm_vpred.sigma_max"], request: { schedule: "Karras" } },
  "playground-2.5": { unet: "xl", markers: EDM, request: { schedule: "Karras" } },
  "sdxl-lcm-merge": { unet: "xl", file: "dreamXL_lcm.safetensors", request: merged },
  "sdxl-lcm": { unet: "xl-lcm", request: consistent },
  "sdxl-inpainting": { unet: "xl-inpainting" },
  "sdxl-pix2pix": { unet: "xl-pix2pix" },
  "sdxl-refiner": { unet: "refiner" },
  "ssd-1b": { unet: "pruned", family: "sdxl" },
};

const golden = await GoldenTensors.of(familyFixture("results.safetensors"));

/** As the library opens what it imported: the family is what its file was recognised as. */
async function opened(modelId: string, file: string, bytes: Uint8Array): Promise<OpenedModel> {
  const source = memorySource(bytes, file);
  const { family } = detectModel(await openSafetensors(source));
  const model = tinyModel(modelId, source);
  return { ...model, record: { ...model.record, family: family.id } };
}

let engine: KilnEngine;
let next: OpenedModel;

beforeAll(async () => {
  ({ engine } = await startNodeEngine({ openModel: () => Promise.resolve(next) }));
});
afterEach(() => engine.unload());

async function run(
  name: string,
  layout: "original" | "diffusers",
  { file = "model.safetensors", request, ...model }: Case,
): Promise<Readonly<Record<string, DumpedTensor>>> {
  next = await opened(`${name} ${layout}`, file, await familyFile(model, layout));
  const { tensors } = await engine.generate(
    `${name} ${layout}`,
    tinyRequest({ ...base, ...request, modelId: next.record.id }),
  );
  return tensors!;
}

describe.each(["original", "diffusers"] as const)(
  "in the %s layout, final latents agree with diffusers",
  (layout) => {
    test.each(Object.keys(cases))("%s", SLOW, async (name) => {
      const tensors = await run(name, layout, cases[name]);
      expect(next.record.family).toBe(cases[name].family ?? name);
      expect(relativeDifference(tensors.latents.data, golden.float32(name))).toBeLessThan(LATENTS_TOLERANCE);
    });
  },
);

test.each(["sdxl", "playground-2.5"])(
  "the picture of %s agrees, its latents scaled as its VAE wants",
  SLOW,
  async (name) => {
    const { image } = await run(name, "original", cases[name]);
    const expected = golden.float32(`${name}.image`);
    expect(relativeDifference(image.data, expected)).toBeLessThan(IMAGE_TOLERANCE);
  },
);

test.each(["F16", "BF16", "F8_E4M3", "F8_E5M2"])(
  "weights stored as %s mean what PyTorch's own casts mean",
  SLOW,
  async (dtype) => {
    const unet = `storage-${dtype}`;
    const { latents } = await run(unet, "original", { unet });
    expect(relativeDifference(latents.data, golden.float32(unet))).toBeLessThan(LATENTS_TOLERANCE);
  },
);

/** The same values in other dtypes, by turns, and the integer position ids of older files. */
async function restored(bytes: Uint8Array, dtypes: readonly ("F16" | "F32" | "F64")[]): Promise<Uint8Array> {
  const { source, tensors } = await openSafetensors(memorySource(bytes, "stored"));
  const changed = [...tensors].map(([key, { dtype, shape, start, end }], i): [string, TensorToWrite] => {
    const stored = source.readSync(start, end);
    const next = dtype === "F16" ? dtypes[i % dtypes.length] : "F32";
    if (next === "F16") return [key, { dtype, shape, bytes: stored }];
    const wide = widenToFloat32(stored, dtype);
    const values = next === "F64" ? Float64Array.from(wide) : wide;
    return [
      key,
      { dtype: next, shape, bytes: new Uint8Array(values.buffer, values.byteOffset, values.byteLength) },
    ];
  });
  const ids = BigInt64Array.from({ length: 77 }, (_, i) => BigInt(i));
  const positions = { dtype: "I64", shape: [1, 77], bytes: new Uint8Array(ids.buffer) } as const;
  const key = "cond_stage_model.transformer.text_model.embeddings.position_ids";
  return writeSafetensors(new Map([...changed, [key, positions]]));
}

test.each([["F64"], ["F32, F16, F64"]] as const)(
  "the same values stored as %s make the same latents",
  SLOW,
  async (names) => {
    const dtypes = names.split(", ") as ("F16" | "F32" | "F64")[];
    const file = await restored(await familyFile({ unet: "storage-F16" }, "original"), dtypes);
    next = await opened(names, "model.safetensors", file);
    const { tensors } = await engine.generate(names, tinyRequest({ ...base, modelId: next.record.id }));
    const expected = golden.float32("storage-F16");
    expect(relativeDifference(tensors!.latents.data, expected)).toBeLessThan(LATENTS_TOLERANCE);
  },
);

test(
  "a Diffusers folder runs as it is: shards, its own tokenizer, its scheduler's training facts",
  SLOW,
  async () => {
    const folder = await familyFolder({ unet: "xl" }, { prediction_type: "v_prediction" });
    const { checkpoint } = await openDiffusersFolder(folder, "folder");
    const model = tinyModel("folder", memorySource(new Uint8Array(0), "unused"));
    const record = { ...model.record, family: detectModel(checkpoint).family.id };
    next = { source: model.source, folder, record };
    expect(record.family).toBe("sdxl-v");
    const { tensors } = await engine.generate("folder", tinyRequest({ ...base, modelId: "folder" }));
    expect(relativeDifference(tensors!.latents.data, golden.float32("sdxl-v"))).toBeLessThan(
      LATENTS_TOLERANCE,
    );
  },
);

test("a scheduled prompt switches where A1111 switches", SLOW, async () => {
  const latentsOf = async (prompt: string): Promise<Float32Array> =>
    (await run(prompt, "original", { ...cases.sdxl, request: { prompt, steps: 6 } })).latents.data;
  const [plain, switched, late] = [
    await latentsOf("f r gd"),
    await latentsOf("[f r gd:z y x:1]"),
    await latentsOf("[f r gd:z y x:6]"),
  ];
  expect(relativeDifference(switched, plain)).toBeGreaterThan(LATENTS_TOLERANCE);
  expect(relativeDifference(late, plain)).toBe(0);
});
