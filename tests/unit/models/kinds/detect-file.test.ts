// Every kind of published file is recognised by its tensors alone. What that costs: tests/unit/library/recognise-model.test.ts.

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { detectFile } from "../../../../src/models/kinds/detect-file.ts";
import { isAppError } from "../../../../src/protocol/app-error.ts";
import { openCheckpoint } from "../../../../src/weights/open-checkpoint.ts";
import { memorySource } from "../../../../src/weights/memory-source.ts";
import type { HeaderDescription } from "../../../support/header-only.ts";
import { headerFixture, headerOnlyCheckpoint } from "../../../support/header-only.ts";
import { taesdDecoder } from "../../../support/taesd-header.ts";

type Shapes = Readonly<Record<string, readonly number[]>>;

const describe = (shapes: Shapes): HeaderDescription =>
  new Map(Object.entries(shapes).map(([key, shape]) => [key, ["F16", shape]]));
const detect = (shapes: Shapes | HeaderDescription, name?: string) =>
  detectFile(headerOnlyCheckpoint(shapes instanceof Map ? shapes : describe(shapes), name));

/** The part of a published checkpoint under a prefix, as its author also publishes it alone. */
const part = (name: string, prefix: string): HeaderDescription =>
  new Map(
    [...headerFixture(name)].flatMap(([key, value]) =>
      key.startsWith(prefix) ? [[key.slice(prefix.length), value] as const] : [],
    ),
  );

const lora = (module: string, inputs: number): Shapes => ({
  [`${module}.lora_down.weight`]: [4, inputs],
  [`${module}.lora_up.weight`]: [320, 4],
  [`${module}.alpha`]: [],
});
const KOHYA = "lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn2_to_k";

test.each<[string, Shapes | HeaderDescription, object]>([
  ["a LoRA for SD 1.x", lora(KOHYA, 768), { type: "lora", family: "sd1" }],
  ["a LoRA for SD 2.x", lora(KOHYA, 1024), { type: "lora", family: "sd2-base" }],
  ["a LoRA for SDXL", lora(KOHYA, 2048), { type: "lora", family: "sdxl" }],
  [
    "a LoRA of SDXL's text encoders",
    {
      ...lora("lora_te1_text_model_encoder_layers_0_mlp_fc1", 768),
      ...lora("lora_te2_text_model_encoder_layers_0_mlp_fc1", 1280),
    },
    { type: "lora", family: "sdxl" },
  ],
  [
    "a LoRA of SD 1.x' text encoder",
    lora("lora_te_text_model_encoder_layers_0_self_attn_q_proj", 768),
    { type: "lora", family: "sd1" },
  ],
  [
    "a PEFT LoRA",
    {
      "unet.down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_v.lora_A.weight": [8, 768],
      "unet.down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_v.lora_B.weight": [320, 8],
    },
    { type: "lora", family: "sd1" },
  ],
  [
    "a LoHa",
    { [`${KOHYA}.hada_w1_a`]: [320, 4], [`${KOHYA}.hada_w1_b`]: [4, 2048] },
    { type: "lora", family: "sdxl" },
  ],
  [
    "a LoKr",
    { [`${KOHYA}.lokr_w1`]: [4, 16], [`${KOHYA}.lokr_w2_a`]: [80, 4], [`${KOHYA}.lokr_w2_b`]: [4, 48] },
    { type: "lora", family: "sd1" },
  ],
  ["a LoRA without text", lora("lora_unet_down_blocks_1_resnets_0_conv1", 320), { type: "lora", family: "" }],
  ["kohya's embedding", { emb_params: [3, 768] }, { type: "embedding", family: "sd1", vectors: 3 }],
  [
    "A1111's embedding",
    { "string_to_param.*": [4, 1024] },
    { type: "embedding", family: "sd2-base", vectors: 4 },
  ],
  ["Diffusers' embedding", { "<cat>": [768] }, { type: "embedding", family: "sd1", vectors: 1 }],
  [
    "an embedding pair",
    { clip_l: [2, 768], clip_g: [2, 1280] },
    { type: "embedding", family: "sdxl", vectors: 2 },
  ],
  ["a VAE alone", part("stable-diffusion-1-5", "first_stage_model."), { type: "vae", family: "" }],
  [
    "a VAE under a checkpoint's names",
    new Map(
      [...headerFixture("stable-diffusion-xl-base")].filter(([key]) => key.startsWith("first_stage_model.")),
    ),
    { type: "vae" },
  ],
  ["a VAE in Diffusers' layout", part("stable-diffusion-xl-base-diffusers", "vae."), { type: "vae" }],
  ["a TAESD decoder", taesdDecoder(), { type: "preview-decoder", family: "sd1" }],
  ["Diffusers' TAESD", taesdDecoder("decoder.layers.", 1), { type: "preview-decoder", family: "sd1" }],
  [
    "a ControlNet",
    {
      "control_model.input_hint_block.0.weight": [16, 3, 3, 3],
      "control_model.input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight": [320, 768],
    },
    { type: "controlnet", family: "sd1" },
  ],
  [
    "a ControlNet in Diffusers' layout",
    {
      "controlnet_cond_embedding.conv_in.weight": [16, 3, 3, 3],
      "down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k.weight": [640, 2048],
    },
    { type: "controlnet", family: "sdxl" },
  ],
  ["a T2I-Adapter", { "body.0.block1.weight": [320, 320, 3, 3] }, { type: "controlnet", family: "" }],
  [
    "an IP-Adapter",
    { "image_proj.proj.weight": [3072, 1024], "ip_adapter.1.to_k_ip.weight": [320, 768] },
    { type: "ip-adapter", family: "sd1" },
  ],
])("%s is recognised", (_, shapes, expected) => {
  expect(detect(shapes)).toMatchObject(expected);
});

test.each([
  ["pytorch_lora_weights_lcm-sd15.safetensors", { steps: 6, guidanceScale: 1.5, sampler: "LCM" }],
  ["sdxl_lightning_4step_lora.safetensors", { steps: 4, guidanceScale: 1, sampler: "Euler" }],
  ["Hyper-SD15-8steps-lora.safetensors", { steps: 8, guidanceScale: 1, sampler: "Euler" }],
  ["Hyper-SDXL-12steps-lora.safetensors", { steps: 12 }],
])("the LoRA %s suggests what it was trained for", (name, suggests) => {
  expect(detect(lora(KOHYA, 768), name)).toMatchObject({ type: "lora", suggests });
});

test("other LoRAs suggest no settings", () => {
  for (const name of ["hyperrealism.safetensors", "4step-ladder.safetensors"])
    expect(detect(lora(KOHYA, 768), name)).not.toHaveProperty("suggests");
});

test("a preview decoder's name says whether it is SDXL's, for no tensor does", () => {
  expect(detect(taesdDecoder(), "taesdxl_decoder.safetensors")).toMatchObject({ family: "sdxl" });
});

test("a checkpoint comes with its networks", () => {
  const found = detect(headerFixture("stable-diffusion-1-5"));
  expect(found).toMatchObject({ type: "checkpoint", family: "sd1" });
  expect(found.model?.textEncoders).toHaveLength(1);
});

test.each([
  ["esrgan-x4.pth", 4],
  ["real-esrgan-x2.safetensors", 2],
  ["compact-x1.safetensors", 1],
])("an upscaler (%s) comes with its scale", async (name, scale) => {
  const url = new URL(`../../../fixtures/upscalers/${name}`, import.meta.url);
  const checkpoint = await openCheckpoint(memorySource(readFileSync(url), name));
  expect(detectFile(checkpoint)).toEqual({ type: "upscaler", family: "", scale });
});

const flux = "lora_unet_double_blocks_0_img_attn_qkv";
test.each<[string, Shapes | HeaderDescription, string, RegExp]>([
  ["a LoRA for Flux", lora(flux, 3072), "UnsupportedModel", /a LoRA for Flux/],
  [
    "a LoRA for SD 3",
    lora("transformer_transformer_blocks_0_attn_to_q", 1536),
    "UnsupportedModel",
    /Stable Diffusion 3/,
  ],
  [
    "a SwinIR upscaler",
    { "layers.0.residual_group.blocks.0.norm1.weight": [8], "conv_first.weight": [8, 3, 3, 3] },
    "UnsupportedModel",
    /SwinIR/,
  ],
  [
    "a text encoder",
    { "text_model.encoder.layers.0.mlp.fc1.weight": [8, 8], "text_model.encoder.layers.0.mlp.fc1.bias": [8] },
    "UnsupportedModel",
    /a text encoder alone/,
  ],
  [
    "something else",
    { "some.weight": [8, 8, 8], other: [1] },
    "UnsupportedModel",
    /LoRA.*VAE.*upscaler.*got 2 tensors/,
  ],
  ["an empty file", {}, "UnsupportedModel", /no tensors/],
  ["too many vectors", { emb_params: [76, 768] }, "ShapeMismatch", /emb_params should be \[1 to 75, 768\]/],
  [
    "a VAE with 16 latent channels",
    new Map([
      ...part("stable-diffusion-1-5", "first_stage_model."),
      ["decoder.conv_in.weight", ["F16", [512, 16, 3, 3]]],
    ]),
    "UnsupportedModel",
    /latent channels of the VAE should be 4.*got 16/,
  ],
  [
    "a VAE with a tensor missing",
    new Map(
      [...part("stable-diffusion-1-5", "first_stage_model.")].filter(
        ([key]) => key !== "decoder.conv_out.bias",
      ),
    ),
    "MissingTensor",
    /decoder\.conv_out\.bias/,
  ],
  [
    "a TAESD encoder",
    {
      "0.weight": [64, 3, 3, 3],
      "0.bias": [64],
      "1.conv.4.weight": [64, 64, 3, 3],
      "1.conv.0.weight": [64, 64, 3, 3],
    },
    "UnsupportedModel",
    /an encoder alone/,
  ],
])("%s is refused with what it is", (_, shapes, name, message) => {
  try {
    detect(shapes);
  } catch (error) {
    if (!isAppError(error)) throw error;
    expect(error.name).toBe(name);
    expect(error.message).toMatch(message);
    return;
  }
  throw new Error("nothing was refused");
});
