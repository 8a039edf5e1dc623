// Every tensor that an upscaler's graph needs, with its shape, as a list made from the configuration. Reads nothing.

import type { TensorNeed } from "../tensor-checks.ts";
import type { DenseBlock, RrdbNetConfig, SrvggNetConfig, UpscalerConfig } from "./upscaler-config.ts";

type Needs = readonly TensorNeed[];

const PIXEL_CHANNELS = 3;
const KERNEL = 3;

const conv = (key: string, input: number, output: number): Needs => [
  { key: `${key}.weight`, shape: [output, input, KERNEL, KERNEL] },
  { key: `${key}.bias`, shape: [output] },
];

export function upscalerTensors(config: UpscalerConfig): Needs {
  return config.architecture === "rrdb-net" ? rrdbNetTensors(config) : srvggNetTensors(config);
}

function rrdbNetTensors(config: RrdbNetConfig): Needs {
  const { channels, unshuffle, first, blocks, trunk, upsamples, high, last } = config;
  return [
    ...conv(first, PIXEL_CHANNELS * unshuffle ** 2, channels),
    ...blocks.flat().flatMap((block) => denseBlockTensors(config, block)),
    ...[trunk, ...upsamples, high].flatMap((key) => conv(key, channels, channels)),
    ...conv(last, channels, PIXEL_CHANNELS),
  ];
}

function denseBlockTensors(
  { channels, growth }: RrdbNetConfig,
  { convolutions, shortcut }: DenseBlock,
): Needs {
  const lastIndex = convolutions.length - 1;
  return [
    ...convolutions.flatMap((key, index) =>
      conv(key, channels + index * growth, index === lastIndex ? channels : growth),
    ),
    ...(shortcut === undefined ? [] : [{ key: `${shortcut}.weight`, shape: [growth, channels, 1, 1] }]),
  ];
}

function srvggNetTensors({ channels, scale, convolutions, activations, last }: SrvggNetConfig): Needs {
  return [
    ...convolutions.flatMap((key, index) => conv(key, index === 0 ? PIXEL_CHANNELS : channels, channels)),
    ...activations.map((key) => ({ key: `${key}.weight`, shape: [channels] })),
    ...conv(last, channels, PIXEL_CHANNELS * scale ** 2),
  ];
}
