// The layers of a KL-VAE from its widths, in the original layout's names. The reverse of detect-vae.ts, for models that exist
// nowhere as a file.

import type { VaeConfig, VaeLayer } from "../model-config.ts";

const PIXEL_CHANNELS = 3;
const LATENT_CHANNELS = 4;
const ENCODER_RESNETS = 2;
const DECODER_RESNETS = 3;

type Halves = Pick<VaeConfig, "encoder" | "decoder">;

/** `widths` from the pixels' level down. */
export function vaeLayers(prefix: string, widths: readonly number[]): Halves {
  return { encoder: encoder(prefix, widths), decoder: decoder(prefix, widths) };
}

const conv = (key: string, inChannels: number, outChannels: number, kernel: 1 | 3): VaeLayer => ({
  kind: "conv",
  key,
  inChannels,
  outChannels,
  kernel,
});

function middle(key: string, channels: number): readonly VaeLayer[] {
  const resnet = (name: string): VaeLayer => ({
    kind: "resnet",
    key: `${key}.mid.${name}`,
    inChannels: channels,
    outChannels: channels,
  });
  return [
    resnet("block_1"),
    { kind: "attention", key: `${key}.mid.attn_1`, channels, linear: false },
    resnet("block_2"),
  ];
}

function encoder(prefix: string, widths: readonly number[]): readonly VaeLayer[] {
  const key = `${prefix}encoder`;
  const deepest = widths[widths.length - 1];
  let width = widths[0];
  const levels = widths.flatMap((channels, level) => {
    const layers: VaeLayer[] = [];
    for (let i = 0; i < ENCODER_RESNETS; i++) {
      layers.push({
        kind: "resnet",
        key: `${key}.down.${level}.block.${i}`,
        inChannels: width,
        outChannels: channels,
      });
      width = channels;
    }
    if (level < widths.length - 1) {
      layers.push({ kind: "downsample", key: `${key}.down.${level}.downsample`, channels });
    }
    return layers;
  });
  return [
    conv(`${key}.conv_in`, PIXEL_CHANNELS, widths[0], 3),
    ...levels,
    ...middle(key, deepest),
    { kind: "norm", key: `${key}.norm_out`, channels: deepest },
    conv(`${key}.conv_out`, deepest, 2 * LATENT_CHANNELS, 3),
    conv(`${prefix}quant_conv`, 2 * LATENT_CHANNELS, 2 * LATENT_CHANNELS, 1),
  ];
}

function decoder(prefix: string, widths: readonly number[]): readonly VaeLayer[] {
  const key = `${prefix}decoder`;
  let width = widths[widths.length - 1];
  const levels = widths
    .map((channels, level) => {
      return { channels, level };
    })
    .reverse()
    .flatMap(({ channels, level }) => {
      const layers: VaeLayer[] = [];
      for (let i = 0; i < DECODER_RESNETS; i++) {
        layers.push({
          kind: "resnet",
          key: `${key}.up.${level}.block.${i}`,
          inChannels: width,
          outChannels: channels,
        });
        width = channels;
      }
      if (level > 0) layers.push({ kind: "upsample", key: `${key}.up.${level}.upsample`, channels });
      return layers;
    });
  return [
    conv(`${prefix}post_quant_conv`, LATENT_CHANNELS, LATENT_CHANNELS, 1),
    conv(`${key}.conv_in`, LATENT_CHANNELS, widths[widths.length - 1], 3),
    ...middle(key, widths[widths.length - 1]),
    ...levels,
    { kind: "norm", key: `${key}.norm_out`, channels: widths[0] },
    conv(`${key}.conv_out`, widths[0], PIXEL_CHANNELS, 3),
  ];
}
