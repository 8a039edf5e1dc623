// Whole text-to-image runs on the WASM kernels against diffusers, on a tiny random-weight checkpoint (tools/fixtures/models.py).

import { beforeAll, describe, expect, test } from "vitest";
import type { KilnEngine } from "../../../src/engine/engine.ts";
import { createCpuLatentStore } from "../../../src/engine/latent-store.ts";
import { memoryLimits } from "../../../src/engine/memory-policy.ts";
import { ModelLoader } from "../../../src/engine/model-loader.ts";
import { OrtDiffusionModel } from "../../../src/engine/ort-components.ts";
import { throughout } from "../../../src/pipeline/conditioning-schedule.ts";
import { denoiseLatents } from "../../../src/pipeline/denoise-latents.ts";
import { guidedDenoise } from "../../../src/pipeline/guidance.ts";
import type { GenerationSummary } from "../../../src/protocol/generation-request.ts";
import { cpuLatentMath } from "../../../src/sampling/cpu-math.ts";
import { discreteNoiseSchedule, STABLE_DIFFUSION_NOISE } from "../../../src/sampling/noise-schedule.ts";
import { predictions } from "../../../src/sampling/prediction.ts";
import { sampleDpmpp2m } from "../../../src/sampling/samplers/dpmpp-2m.ts";
import type { GoldenTensors } from "../../support/fixture-model.ts";
import { startNodeEngine } from "../../support/node-engine.ts";
import { openGoldenTensors, openTinyModel } from "../../support/node-fixtures.ts";
import { createNodeRuntime } from "../../support/node-runtime.ts";
import { relativeDifference } from "../../support/run-graph.ts";
import { tinyRequest } from "../../support/tiny-request.ts";

const LATENTS_TOLERANCE = 1e-3;
const CONDITIONING_TOLERANCE = 1e-4;
const NOISE_TOLERANCE = 1e-5;
const STEPS = 7;
const GUIDANCE_SCALE = 5;

describe("the engine agrees with diffusers", () => {
  let engine: KilnEngine;
  let golden: GoldenTensors;

  beforeAll(async () => {
    ({ engine } = await startNodeEngine());
    golden = await openGoldenTensors("txt2img.safetensors");
  });

  const run = (sampler: string, schedule: string): Promise<GenerationSummary> =>
    engine.generate(
      `${sampler} ${schedule}`,
      tinyRequest({ sampler, schedule, steps: STEPS, guidanceScale: GUIDANCE_SCALE, dumpTensors: true }),
    );

  test("in noise and conditioning", async () => {
    const { tensors = {} } = await run("Euler", "Uniform");
    expect(tensors.noise.shape).toEqual([1, 4, 8, 8]);
    expect(relativeDifference(tensors.noise.data, golden.float32("noise"))).toBeLessThan(NOISE_TOLERANCE);
    for (const name of ["conditioning", "unconditional"]) {
      expect(tensors[name].shape).toEqual([1, 77, 128]);
      expect(relativeDifference(tensors[name].data, golden.float32(name)), name).toBeLessThan(
        CONDITIONING_TOLERANCE,
      );
    }
    expect(tensors.image.shape).toEqual([3, 64, 64]);
    expect(tensors.image.data.every((value) => value >= 0 && value <= 1)).toBe(true);
  });

  test.each([
    ["Euler", "Uniform", "euler"],
    ["LMS", "Uniform", "lms"],
    ["DDIM", "Automatic", "ddim"],
    ["DPM++ 2M", "Karras", "dpmpp_2m_karras"],
  ])("in final latents: %s, %s", async (sampler, schedule, key) => {
    const { tensors = {} } = await run(sampler, schedule);
    expect(relativeDifference(tensors.latents.data, golden.float32(`${key}.latents`))).toBeLessThan(
      LATENTS_TOLERANCE,
    );
  });

  // diffusers rounds this schedule's timesteps, so the run walks its sigmas instead of one of ours.
  test.each([
    ["together, keys made once", false, true],
    ["apart, keys made once", true, true],
    ["together, keys made in every step", false, false],
  ])("in final latents: DPM++ 2M over diffusers' own sigmas, both prompts %s", async (_, separate, once) => {
    const runtime = await createNodeRuntime();
    const loader = new ModelLoader(
      runtime,
      openTinyModel,
      () => Promise.reject(new Error("unused")),
      memoryLimits("wasm", 8),
    );
    const tiny = await loader.open("tiny");
    const latents = { batch: 1, latentHeight: 8, latentWidth: 8, separate };
    let keysMade = 0;
    const keys = loader.promptKeys(tiny)!;
    const counted = {
      ...keys,
      session: (rows: number) => {
        keysMade += 1;
        return keys.session(rows);
      },
    };
    const model = new OrtDiffusionModel(
      createCpuLatentStore(),
      latents,
      (shape) => loader.unet(tiny, shape),
      once ? counted : undefined,
    );
    const prepared = model.prepare(
      ["conditioning", "unconditional"].map((key) => ({
        tokens: 77,
        width: 128,
        context: golden.float32(key),
      })),
    );
    const [positive, negative] = prepared.map(throughout);
    const { signal } = new AbortController();
    const noiseSchedule = discreteNoiseSchedule(STABLE_DIFFUSION_NOISE);
    const guidance = { positive, negative, scale: GUIDANCE_SCALE };
    const sigmas = golden.float32("dpmpp_2m.sigmas");

    const result = await denoiseLatents(cpuLatentMath.combine([sigmas[0], golden.float32("noise")]), {
      math: cpuLatentMath,
      denoise: guidedDenoise(model, predictions.epsilon, noiseSchedule, guidance, signal),
      sampler: sampleDpmpp2m,
      sigmas,
      finalSigma: noiseSchedule.sigmaMin,
      noise: () => {
        throw new Error("DPM++ 2M draws no noise");
      },
      signal,
      onStep: () => undefined,
      wantsValues: () => false,
    });

    expect(relativeDifference(result, golden.float32("dpmpp_2m.latents"))).toBeLessThan(LATENTS_TOLERANCE);
    expect(keysMade).toBe(once ? (separate ? 2 : 1) : 0);
    await loader.unload();
  });
});
