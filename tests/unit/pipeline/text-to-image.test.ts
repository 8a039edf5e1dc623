// The text-to-image pipeline over arithmetic components: no network, every number known.

import { describe, expect, test } from "vitest";
import type {
  Conditioning,
  DiffusionModel,
  PixelTensor,
  PreparedConditioning,
  Vae,
} from "../../../src/pipeline/components.ts";
import { throughout } from "../../../src/pipeline/conditioning-schedule.ts";
import {
  textToImage,
  type TextToImageBatch,
  type TextToImageHooks,
} from "../../../src/pipeline/text-to-image.ts";
import { cpuLatentMath } from "../../../src/sampling/cpu-math.ts";
import { discreteNoiseSchedule, STABLE_DIFFUSION_NOISE } from "../../../src/sampling/noise-schedule.ts";
import { predictions } from "../../../src/sampling/prediction.ts";
import { samplerNamed, sigmasFor } from "../../../src/sampling/samplers.ts";

const noiseSchedule = discreteNoiseSchedule(STABLE_DIFFUSION_NOISE);
const LATENT_SHAPE = [4, 2, 2] as const;
const LENGTH = 16;

interface ToyConditioning extends PreparedConditioning {
  readonly target: number;
}

const towards = (target: number): Conditioning => ({
  tokens: 77,
  width: 1,
  context: Float32Array.of(target),
});

/** A network whose denoised latents are always its conditioning's target: epsilon = (x - target) / sigma. */
class ToyModel implements DiffusionModel<Float32Array> {
  readonly math = cpuLatentMath;
  readonly timesteps: number[] = [];
  conditionings = 0;
  released = 0;
  /** Targets of the conditionings of each evaluation. */
  readonly targets: number[][] = [];

  prepare(conditionings: readonly Conditioning[]): readonly PreparedConditioning[] {
    this.conditionings = conditionings.length;
    return conditionings.map(({ context }): ToyConditioning => ({
      target: context[0],
      release: () => void (this.released += 1),
    }));
  }

  warmUp(): Promise<void> {
    return Promise.resolve();
  }

  predict(
    x: Float32Array,
    timestep: number,
    conditionings: readonly PreparedConditioning[],
  ): Promise<Float32Array[]> {
    this.timesteps.push(timestep);
    this.targets.push(conditionings.map((conditioning) => (conditioning as ToyConditioning).target));
    const sigma = noiseSchedule.timestepToSigma(timestep);
    const scale = predictions.epsilon.inputScale(sigma);
    return Promise.resolve(
      conditionings.map((conditioning) =>
        x.map((value) => (value / scale - (conditioning as ToyConditioning).target) / sigma),
      ),
    );
  }
}

/** One grey pixel per picture: the mean of its latents. */
const toyVae: Vae<Float32Array> = {
  decode(latents) {
    const pictures: PixelTensor[] = [];
    for (let start = 0; start < latents.length; start += LENGTH) {
      const picture = latents.subarray(start, start + LENGTH);
      const mean = picture.reduce((sum, value) => sum + value, 0) / LENGTH;
      pictures.push({ width: 1, height: 1, data: Float32Array.of(mean, mean, mean) });
    }
    return Promise.resolve(pictures);
  },
  encode: () => Promise.reject(new Error("unused")),
};

function batchOf(
  changes: Partial<TextToImageBatch> & { readonly samplerName?: string; readonly steps?: number } = {},
): TextToImageBatch {
  const { samplerName = "Euler", steps = 6, ...rest } = changes;
  const sampler = samplerNamed(samplerName);
  const sigmas = sampler && sigmasFor(sampler, "Automatic", steps, noiseSchedule);
  if (!sampler || !sigmas) throw new Error(`no sampler ${samplerName}`);
  return {
    positive: throughout(towards(0.5)),
    guidanceScale: 1,
    sampler,
    sigmas,
    seeds: [42],
    noiseSource: "cpu",
    latentShape: LATENT_SHAPE,
    ...rest,
  };
}

function hooksOf(changes: Partial<TextToImageHooks> = {}): TextToImageHooks {
  return {
    signal: new AbortController().signal,
    onStart: () => undefined,
    onStep: () => undefined,
    wantsPreview: () => false,
    onDecode: () => undefined,
    ...changes,
  };
}

async function run(
  batch: TextToImageBatch,
  hooks: Partial<TextToImageHooks> = {},
  model = new ToyModel(),
  vae = toyVae,
): Promise<readonly PixelTensor[]> {
  return textToImage({ model, vae, prediction: predictions.epsilon, noiseSchedule }, batch, hooksOf(hooks));
}

describe("textToImage()", () => {
  test("ends where the network points, without evaluating a negative prompt it does not need", async () => {
    const model = new ToyModel();
    const [picture] = await run(batchOf(), {}, model);
    expect(picture.data[0]).toBeCloseTo(0.5, 4);
    expect(model.conditionings).toBe(1);
    expect(model.timesteps).toHaveLength(6);
    expect(model.timesteps[0]).toBeCloseTo(999);
  });

  test("guides away from the negative prompt: negative + scale · (positive - negative)", async () => {
    const model = new ToyModel();
    const [picture] = await run(
      batchOf({ negative: throughout(towards(0.25)), guidanceScale: 3 }),
      {},
      model,
    );
    expect(picture.data[0]).toBeCloseTo(0.25 + 3 * 0.25, 4);
    expect(model.conditionings).toBe(2);
  });

  test("counts evaluations from 0 against the steps of scheduled prompts, each prompt on its own", async () => {
    const model = new ToyModel();
    const [a, b, c] = [0.1, 0.2, 0.3].map(towards);
    const positive = [
      { until: 2, conditioning: a },
      { until: 4, conditioning: b },
      { until: 6, conditioning: a },
    ];
    await run(batchOf({ positive, negative: throughout(c), guidanceScale: 2 }), {}, model);
    const used = model.targets.map((targets) => targets.map((target) => Number(target.toFixed(1))));
    // A1111's first entry lasts one evaluation longer than its number.
    expect(used).toEqual([
      [0.1, 0.3],
      [0.1, 0.3],
      [0.1, 0.3],
      [0.2, 0.3],
      [0.2, 0.3],
      [0.1, 0.3],
    ]);
    expect([model.conditionings, model.released]).toEqual([3, 3]);
  });

  test.each(["Euler", "Euler a", "DPM++ 2M SDE", "DDIM"])(
    "a picture does not depend on its batch: %s",
    async (samplerName) => {
      const finals: Float32Array[] = [];
      const keep: Partial<TextToImageHooks> = {
        onDecode: async (latents) => void finals.push(await latents()),
      };
      await run(batchOf({ samplerName, seeds: [7, 8] }), keep);
      await run(batchOf({ samplerName, seeds: [8] }), keep);
      expect(finals[0].subarray(LENGTH)).toEqual(finals[1]);
    },
  );

  test("starts from the seed's noise, shows it, and reports every step with values where asked", async () => {
    const noises: Float32Array[] = [];
    const steps: [number, boolean][] = [];
    await run(batchOf({ steps: 4 }), {
      onStart: (noise) => noises.push(noise.slice()),
      onStep: (step, denoised) => void steps.push([step, denoised !== undefined]),
      wantsPreview: (step) => step === 2,
    });
    expect(noises[0][0]).toBeCloseTo(1.9269153); // torch's first normal value of seed 42
    expect(steps).toEqual([
      [0, true], // always downloaded, to look for NaN
      [1, false],
      [2, true],
      [3, false],
    ]);
  });

  test("stops before the next evaluation when the signal aborts", async () => {
    const controller = new AbortController();
    const reason = new Error("enough");
    const model = new ToyModel();
    const stopped = run(
      batchOf({ steps: 20 }),
      { signal: controller.signal, onStep: (step) => (step === 2 ? controller.abort(reason) : undefined) },
      model,
    );
    await expect(stopped).rejects.toBe(reason);
    expect(model.timesteps).toHaveLength(3);
  });

  test("a network that gives NaN fails in its first step", async () => {
    const model = new ToyModel();
    const steps: number[] = [];
    const broken = run(
      batchOf({ positive: throughout(towards(NaN)) }),
      { onStep: (step) => void steps.push(step) },
      model,
    );
    await expect(broken).rejects.toMatchObject({
      name: "NumericFailure",
      details: { where: "denoised latents", got: "NaN" },
    });
    expect(steps).toEqual([]);
  });

  test("a decoder that overflows fails instead of giving a black picture", async () => {
    const vae: Vae<Float32Array> = {
      ...toyVae,
      decode: () => Promise.resolve([{ width: 1, height: 1, data: Float32Array.of(0, Infinity, 0) }]),
    };
    await expect(run(batchOf(), {}, new ToyModel(), vae)).rejects.toMatchObject({
      name: "NumericFailure",
      details: { where: "picture" },
    });
  });
});
