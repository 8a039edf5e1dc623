// Upscalers are recognised by names and shapes: full-size headers of published files, and files that are refused.

import { expect, test } from "vitest";
import { dialects } from "../../../../src/models/dialects.ts";
import { buildUpscaler } from "../../../../src/models/upscalers/build-upscaler.ts";
import { detectUpscaler } from "../../../../src/models/upscalers/detect-upscaler.ts";
import type { RrdbNetConfig } from "../../../../src/models/upscalers/upscaler-config.ts";
import { isAppError } from "../../../../src/protocol/app-error.ts";
import type { AppError } from "../../../../src/protocol/app-error.ts";
import type { HeaderDescription } from "../../../support/header-only.ts";
import { headerOnlyCheckpoint } from "../../../support/header-only.ts";
import { addConv, realEsrgan } from "../../../support/upscaler-headers.ts";

const MAX_BUILD_MILLISECONDS = 2000;

/** realesr-general-x4v3.pth as published: 64 channels, 32 convolutions after the first. */
function compact({ convolutions = 33, outChannels = 48, inChannels = 3 } = {}): HeaderDescription {
  const tensors: HeaderDescription = new Map();
  for (let i = 0; i < convolutions; i++) {
    addConv(tensors, `body.${2 * i}`, i === 0 ? inChannels : 64, 64);
    tensors.set(`body.${2 * i + 1}.weight`, ["F32", [64]]);
  }
  addConv(tensors, `body.${2 * convolutions}`, 64, outChannels);
  return tensors;
}

const detect = (tensors: HeaderDescription) => detectUpscaler(headerOnlyCheckpoint(tensors, "upscaler.pth"));

function failure(tensors: HeaderDescription): AppError {
  try {
    detect(tensors);
  } catch (error) {
    if (isAppError(error)) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

test("RealESRGAN_x4plus at full size is described and built, without a weight read, in well under a session's time", () => {
  const start = performance.now();
  const { checkpoint, config } = detect(realEsrgan());
  expect(config).toMatchObject({
    architecture: "rrdb-net",
    scale: 4,
    unshuffle: 1,
    channels: 64,
    growth: 32,
    upsamples: ["conv_up1", "conv_up2"],
  });
  expect((config as RrdbNetConfig).blocks).toHaveLength(23);
  const graph = buildUpscaler(checkpoint, config, {
    dialect: dialects["webgpu-float16"],
    height: 192,
    width: 192,
  });
  expect(graph.outputs).toMatchObject([{ name: "upscaled", dtype: "float32", shape: [1, 3, 768, 768] }]);
  expect(graph.externals).toHaveLength(checkpoint.tensors.size);
  expect(performance.now() - start).toBeLessThan(MAX_BUILD_MILLISECONDS);
});

test("realesr-general-x4v3 at full size is described and built", () => {
  const { checkpoint, config } = detect(compact());
  expect(config).toMatchObject({ architecture: "srvgg-net", scale: 4, channels: 64, last: "body.66" });
  const graph = buildUpscaler(checkpoint, config, {
    dialect: dialects["webgpu-float32"],
    height: 100,
    width: 50,
  });
  expect(graph.outputs[0].shape).toEqual([1, 3, 400, 200]);
});

test.each([
  { inChannels: 12, scale: 2, unshuffle: 2 },
  { inChannels: 48, scale: 1, unshuffle: 4 },
])("$inChannels input channels are pixels in squares: x$scale", ({ inChannels, scale, unshuffle }) => {
  expect(detect(realEsrgan({ blocks: 1, inChannels })).config).toMatchObject({ scale, unshuffle });
});

test.each(["params_ema.", "params."])("names flattened with %s are understood", (prefix) => {
  const { config } = detect(realEsrgan({ blocks: 2, prefix }));
  expect(config).toMatchObject({ scale: 4, last: `${prefix}conv_last` });
});

test("tensors that no network needs are left alone", () => {
  const tensors = realEsrgan({ blocks: 1 });
  tensors.set("step", ["I64", []]);
  expect(detect(tensors).config.scale).toBe(4);
});

test("a missing tensor is named", () => {
  const tensors = realEsrgan({ blocks: 2 });
  tensors.delete("body.1.rdb3.conv5.bias");
  expect(failure(tensors)).toMatchObject({
    name: "MissingTensor",
    details: { where: "body.1.rdb3.conv5.bias", file: "upscaler.pth" },
  });
});

test("a missing block is named", () => {
  const tensors = realEsrgan({ blocks: 3 });
  for (const key of tensors.keys()) if (key.startsWith("body.1.")) tensors.delete(key);
  expect(failure(tensors)).toMatchObject({ name: "MissingTensor", details: { where: "body.1" } });
});

test("a tensor of another shape is named with both shapes", () => {
  const tensors = realEsrgan({ blocks: 1 });
  addConv(tensors, "conv_hr", 64, 32);
  expect(failure(tensors)).toMatchObject({
    name: "ShapeMismatch",
    details: { where: "conv_hr.weight", expected: "[64, 64, 3, 3]", got: "[32, 64, 3, 3]" },
  });
});

test.each([
  ["grey pixels", realEsrgan({ blocks: 1, inChannels: 1 }), /input channels of conv_first/],
  ["squares larger than the upsampling", realEsrgan({ blocks: 1, inChannels: 192 }), /input channels/],
  ["too many doublings", realEsrgan({ blocks: 1, upsamples: 4 }), /upsampling convolutions/],
  ["compact for grey pixels", compact({ convolutions: 1, inChannels: 1 }), /1 in, 48 out/],
  ["compact with a scale that is not whole", compact({ convolutions: 1, outChannels: 24 }), /3 in, 24 out/],
  ["compact beyond x8", compact({ convolutions: 1, outChannels: 3 * 81 }), /3 in, 243 out/],
  ["quantised weights", quantised(), /I8/],
  ["a SwinIR", named("layers.0.residual_group.blocks.0.norm1.weight"), /got a SwinIR upscaler/],
  ["a SPAN", named("block_1.c1_r.sk.weight"), /got a SPAN upscaler/],
  ["a LoRA", named("lora_unet_down_blocks_0.lora_up.weight"), /got a LoRA/],
  ["an empty file", new Map(), /got no tensors/],
])("refused as an unsupported model: %s", (_, tensors: HeaderDescription, message) => {
  const error = failure(tensors);
  expect(error.name).toBe("UnsupportedModel");
  expect(error.message).toMatch(message);
});

function quantised(): HeaderDescription {
  return realEsrgan({ blocks: 1 }).set("conv_last.weight", ["I8", [3, 64, 3, 3]]);
}

function named(key: string): HeaderDescription {
  return new Map([[key, ["F32", [4, 4]]]]);
}
