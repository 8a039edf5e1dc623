// What the UNet is told of a request's prompts, by family rules, over toy text encoders and published headers.

import { describe, expect, test } from "vitest";
import { joinExtraChannels, blankExtraChannels } from "../../../src/engine/extra-channels.ts";
import { conditionPrompts, type PromptConditioning } from "../../../src/engine/prompt-conditioning.ts";
import { detectModel } from "../../../src/models/detect-model.ts";
import type { DetectedModel } from "../../../src/models/model-config.ts";
import type { PromptEncoder } from "../../../src/pipeline/conditioning.ts";
import { guidanceSinusoids, sizeSinusoids } from "../../../src/pipeline/sinusoids.ts";
import { createClipTokenizer } from "../../../src/prompt/clip-tokenizer.ts";
import type { GenerationRequest } from "../../../src/protocol/generation-request.ts";
import { headerFixture, headerOnlyCheckpoint } from "../../support/header-only.ts";
import { tinyRequest } from "../../support/tiny-request.ts";
import { tinyVocabulary } from "../../support/tiny-vocabulary.ts";

const tokenizer = createClipTokenizer(tinyVocabulary.vocabJson, tinyVocabulary.mergesText);
const detected = (name: string): DetectedModel => detectModel(headerOnlyCheckpoint(headerFixture(name)));
const sd1 = detected("stable-diffusion-1-5");
const sdxl = detected("stable-diffusion-xl-base");
const refiner = detected("stable-diffusion-xl-refiner");

/** Two encoders' worth of ones, the second one pooling the number of its first token. */
function toyEncoders(model: DetectedModel): { encoders: PromptEncoder[]; calls: () => number } {
  let calls = 0;
  const encoders = model.textEncoders.map(({ pooling }): PromptEncoder => ({
    tokenizer,
    encoder: {
      width: 1,
      encode(ids) {
        calls += 1;
        const pooled = pooling && new Float32Array(pooling.width).fill(ids[1]);
        return Promise.resolve({ hidden: Float32Array.from(ids), ...(pooled && { pooled }) });
      },
    },
  }));
  return { encoders, calls: () => calls };
}

function condition(
  model: DetectedModel,
  changes: Partial<GenerationRequest>,
  evaluations = 10,
): Promise<PromptConditioning> {
  return conditionPrompts(tinyRequest(changes), model, toyEncoders(model).encoders, evaluations, undefined);
}

const last = (values: Float32Array | undefined, count: number): number[] => [...values!.slice(-count)];

describe("conditionPrompts()", () => {
  test("follows the pooled prompt with SDXL's sizes: the picture's own, uncropped", async () => {
    const { positive } = await condition(sdxl, { prompt: "c", width: 832, height: 1216 });
    const { classEmbedding } = positive[0].conditioning;
    expect([...classEmbedding!.subarray(0, 1280)].every((value) => value === 2)).toBe(true);
    const sizes = [1216, 832, 0, 0, 1216, 832].flatMap((size) => [...sizeSinusoids(size, 256)]);
    expect(last(classEmbedding, 1536)).toEqual(sizes);
  });

  test("tells the refiner that the picture is liked, and its negative prompt that it is not", async () => {
    const { positive, negative } = await condition(refiner, { negativePrompt: "a" });
    expect(last(positive[0].conditioning.classEmbedding, 256)).toEqual([...sizeSinusoids(6, 256)]);
    expect(last(negative![0].conditioning.classEmbedding, 256)).toEqual([...sizeSinusoids(2.5, 256)]);
  });

  test.each<[string, DetectedModel, string, boolean]>([
    ["SDXL, empty", sdxl, " ", true],
    ["SDXL, given", sdxl, "a", false],
    ["SDXL, empty at first", sdxl, "[a:5]", false],
    ["the refiner, empty", refiner, "", false],
    ["SD 1.x, empty", sd1, "", false],
  ])(
    "a negative prompt becomes zeros where the family was trained so: %s",
    async (_, model, negativePrompt, zero) => {
      const { negative, positive } = await condition(model, { negativePrompt, prompt: "" });
      expect(negative![0].conditioning.context.every((value) => value === 0)).toBe(zero);
      expect(positive[0].conditioning.context.some((value) => value !== 0)).toBe(true);
    },
  );

  test("schedules by evaluations, and encodes a text that comes again once", async () => {
    const { encoders, calls } = toyEncoders(sd1);
    const request = tinyRequest({ prompt: "[a|b]", negativePrompt: "[a:b:.5]" });
    const { positive, negative } = await conditionPrompts(request, sd1, encoders, 8, undefined);
    expect(positive.map(({ until }) => until)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(positive[2].conditioning).toBe(positive[0].conditioning);
    expect(positive[1].conditioning.context[1]).toBe(1);
    expect(negative!.map(({ until }) => until)).toEqual([4, 8]);
    expect(calls()).toBe(4);
  });

  test("a network that takes the guidance scale gets it, and no negative prompt", async () => {
    const lcm: DetectedModel = { ...sd1, unet: { ...sd1.unet, guidanceEmbeddingWidth: 256 } };
    const { positive, negative } = await condition(lcm, { guidanceScale: 8, negativePrompt: "a" });
    expect(negative).toBeUndefined();
    const { guidanceEmbedding } = positive[0].conditioning;
    expect(guidanceEmbedding).toEqual(guidanceSinusoids(8, 256));
    // sin and cos of (8 - 1) · 1000, as in the paper's code.
    expect(guidanceEmbedding![0]).toBeCloseTo(Math.sin(7000), 4);
    expect(guidanceEmbedding![128]).toBeCloseTo(Math.cos(7000), 4);
  });

  test("without guidance there is no negative prompt", async () => {
    expect((await condition(sd1, { guidanceScale: 1 })).negative).toBeUndefined();
  });
});

describe("joinExtraChannels()", () => {
  const vae = { ...sd1.vae, scale: [1, 2, 3, 4], shift: 0.5 };
  const blank = blankExtraChannels(vae, { width: 16, height: 8 }, (pixels) => {
    expect(pixels.every((value) => value === 0)).toBe(true);
    return Promise.resolve(new Float32Array(8).fill(1.5));
  });

  test("inpainting models are asked to paint all of a grey picture", async () => {
    const channels = await joinExtraChannels(["mask", "maskedLatents"], blank);
    expect([...channels!]).toEqual([1, 1, 1, 1, 2, 2, 3, 3, 4, 4]);
  });

  test("editing models have no picture to edit", async () => {
    expect([...(await joinExtraChannels(["editedLatents"], blank))!]).toEqual(new Array(8).fill(0));
  });

  test("others see latents only", async () => {
    expect(await joinExtraChannels(undefined, blank)).toBeUndefined();
  });
});
