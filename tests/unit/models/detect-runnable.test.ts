// Which recognised models are refused because the engine lacks something, and in what words.

import { expect, test } from "vitest";
import { detectModel } from "../../../src/models/detect-model.ts";
import { requireRunnable } from "../../../src/models/runnable.ts";
import { headerFixture, headerOnlyCheckpoint, type HeaderDescription } from "../../support/header-only.ts";

const SD15 = headerFixture("stable-diffusion-1-5");

function check(tensors: HeaderDescription): void {
  requireRunnable(detectModel(headerOnlyCheckpoint(tensors)));
}

function sd15With(key: string, shape: readonly number[]): HeaderDescription {
  return new Map(SD15).set(`model.diffusion_model.${key}`, ["F16", shape]);
}

test("SD 1.x and SD 2.x can run", () => {
  expect(() => check(SD15)).not.toThrow();
  expect(() => check(headerFixture("stable-diffusion-2-1"))).not.toThrow();
});

test.each([
  ["SDXL base", headerFixture("stable-diffusion-xl-base"), /768 wide and 1280 wide, with sizes/],
  ["the refiner", headerFixture("stable-diffusion-xl-refiner"), /XL refiner.* 1280 wide, with sizes/],
  ["inpainting", sd15With("input_blocks.0.0.weight", [320, 9, 3, 3]), /got 9 channels, 4 of them latents/],
  ["latent consistency", sd15With("time_embed.cond_proj.weight", [320, 256]), /as an input of the UNet/],
])("%s is refused in words", (_, tensors, message) => {
  expect(() => check(tensors)).toThrow(
    expect.objectContaining({
      name: "UnsupportedModel",
      message: expect.stringMatching(message) as string,
    }),
  );
});
