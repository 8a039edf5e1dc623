// The smallest whole SD 1.x checkpoint that detection accepts, as keys and shapes. Test support; it holds no weights.

import type { TextEncoderConfig, UnetConfig, VaeConfig } from "../../src/models/model-config.ts";
import { textEncoderTensors, unetTensors, vaeTensors } from "../../src/models/required-tensors.ts";
import type { HeaderDescription } from "./header-only.ts";

const CHANNELS = 32; // one per normalisation group
const WIDTH = 64; // one attention head

const textEncoder: TextEncoderConfig = {
  layout: "clip",
  prefix: "cond_stage_model.transformer.text_model.",
  width: WIDTH,
  layers: 1,
  leftOutLayers: 0,
  finalNorm: true,
  heads: 1,
  mlpWidth: 4 * WIDTH,
  activation: "quick_gelu",
  vocabulary: 300,
  maxTokens: 77,
  padding: "end",
};

const UNET = "model.diffusion_model.";
const unet: UnetConfig = {
  prefix: UNET,
  inChannels: 4,
  outChannels: 4,
  modelChannels: CHANNELS,
  timeEmbeddingWidth: 4 * CHANNELS,
  contextWidth: WIDTH,
  heads: { count: 8 },
  linearProjection: false,
  normGroups: 32,
  inputBlocks: [
    {
      key: `${UNET}input_blocks.0`,
      layers: [{ kind: "conv", key: `${UNET}input_blocks.0.0`, inChannels: 4, outChannels: CHANNELS }],
    },
  ],
  middleBlock: {
    key: `${UNET}middle_block`,
    layers: [
      { kind: "resnet", key: `${UNET}middle_block.0`, inChannels: CHANNELS, outChannels: CHANNELS },
      { kind: "transformer", key: `${UNET}middle_block.1`, channels: CHANNELS, depth: 1, heads: 8 },
    ],
  },
  outputBlocks: [
    {
      key: `${UNET}output_blocks.0`,
      layers: [
        { kind: "resnet", key: `${UNET}output_blocks.0.0`, inChannels: 2 * CHANNELS, outChannels: CHANNELS },
      ],
    },
  ],
};

const VAE = "first_stage_model.";
const vae: VaeConfig = {
  prefix: VAE,
  latentChannels: 4,
  normGroups: 32,
  downscale: 1,
  scale: 0.18215,
  shift: 0,
  encoder: vaeHalf("encoder", "down", 3, 8),
  decoder: vaeHalf("decoder", "up", 4, 3),
};

function vaeHalf(half: string, stage: string, inChannels: number, outChannels: number): VaeConfig["encoder"] {
  const key = (name: string): string => `${VAE}${half}.${name}`;
  const resnet = (name: string) =>
    ({ kind: "resnet", key: key(name), inChannels: CHANNELS, outChannels: CHANNELS }) as const;
  return [
    { kind: "conv", key: key("conv_in"), inChannels, outChannels: CHANNELS, kernel: 3 },
    resnet(`${stage}.0.block.0`),
    resnet("mid.block_1"),
    { kind: "attention", key: key("mid.attn_1"), channels: CHANNELS, linear: false },
    resnet("mid.block_2"),
    { kind: "norm", key: key("norm_out"), channels: CHANNELS },
    { kind: "conv", key: key("conv_out"), inChannels: CHANNELS, outChannels, kernel: 3 },
  ];
}

export function tinyModel(): HeaderDescription {
  const needs = [...textEncoderTensors(textEncoder), ...unetTensors(unet), ...vaeTensors(vae)];
  return new Map(needs.map(({ key, shape }) => [key, ["F16", shape]]));
}
