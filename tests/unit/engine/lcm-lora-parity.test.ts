// LCM-LoRAs on models that know nothing of LCM, from prompt to final latents on the WASM kernels, against diffusers' pipelines
// with its LCM scheduler and the same LoRAs through PEFT (tools/fixtures/lcm_loras.py).

import { afterEach, beforeAll, describe, expect, test } from "vitest";
import type { KilnEngine } from "../../../src/engine/engine.ts";
import type { OpenedModel } from "../../../src/library/open-model.ts";
import { memorySource } from "../../../src/weights/memory-source.ts";
import { familyFile, familyFixture } from "../../support/family-models.ts";
import { GoldenTensors, tinyModel } from "../../support/fixture-model.ts";
import { startNodeEngine } from "../../support/node-engine.ts";
import { relativeDifference } from "../../support/relative-difference.ts";
import { tinyRequest } from "../../support/tiny-request.ts";

const LATENTS_TOLERANCE = 1e-3;
/** How far the LoRA's latents are from the model's own, at the least. */
const CHANGE = 0.1;
/** Makes and runs up to five sessions. */
const SLOW = { timeout: 60_000 };

const FAMILIES = { sd1: "sd1", sdxl: "xl" } as const; // to their UNets in the fixtures
type Family = keyof typeof FAMILIES;

const golden = await GoldenTensors.of(familyFixture("lcm-loras.safetensors"));

const models = new Map<string, OpenedModel>();

let engine: KilnEngine;

beforeAll(async () => {
  for (const [family, unet] of Object.entries(FAMILIES)) {
    const source = memorySource(await familyFile({ unet }, "original"), "model.safetensors");
    const model = tinyModel(family, source);
    models.set(family, { ...model, record: { ...model.record, family } });

    const fileName = `lcm-lora-${family}.safetensors`;
    const lora = memorySource(familyFixture(fileName), fileName);
    const { record } = tinyModel(fileName, lora);
    models.set(fileName, { source: lora, record: { ...record, type: "lora", family, fileName } });
  }
  ({ engine } = await startNodeEngine({
    openModel: (id) => Promise.resolve(models.get(id)!),
    listModels: () => Promise.resolve([...models.values()].map(({ record }) => record)),
  }));
});
afterEach(() => engine.unload());

async function latents(family: Family, guidanceScale: number, unetWeight: number): Promise<Float32Array> {
  const { tensors, warnings } = await engine.generate(
    `${family} ${guidanceScale} ${unetWeight}`,
    tinyRequest({
      modelId: family,
      loras: [{ modelId: `lcm-lora-${family}.safetensors`, unetWeight, textWeight: unetWeight }],
      sampler: "LCM",
      schedule: "Simple", // whole timesteps, as diffusers' LCM takes them
      steps: 4,
      guidanceScale,
      dumpTensors: true,
    }),
  );
  expect(warnings).toEqual([]);
  return tensors!.latents.data;
}

describe.each(Object.keys(FAMILIES) as Family[])("an LCM-LoRA for %s", (family) => {
  test.each([1, 1.5])("agrees with diffusers in final latents at guidance %f", SLOW, async (scale) => {
    const found = await latents(family, scale, 1);
    const expected = golden.float32(`${family}.${scale.toFixed(1)}`);
    expect(relativeDifference(found, expected)).toBeLessThan(LATENTS_TOLERANCE);
  });

  test("changes the latents of the model it is used with", SLOW, async () => {
    const own = await latents(family, 1, 0);
    expect(relativeDifference(own, golden.float32(`${family}.1.0`))).toBeGreaterThan(CHANGE);
  });
});
