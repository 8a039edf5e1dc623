// Fills the channels that inpainting and editing models see behind the noisy latents. Encodes no picture itself.

import type { ExtraChannel, ModelTraits, PerChannel } from "../models/model-config.ts";

/** Each [channels, h, w] in latents' size; only those that the family names are used. */
export type ExtraChannelValues = Readonly<Record<ExtraChannel, () => Promise<Float32Array> | Float32Array>>;

/** One picture's, joined in the family's order; undefined where the UNet sees nothing but latents. */
export async function joinExtraChannels(
  channels: readonly ExtraChannel[] | undefined,
  values: ExtraChannelValues,
): Promise<Float32Array | undefined> {
  if (!channels) return undefined;
  const parts: Float32Array[] = [];
  for (const channel of channels) parts.push(await values[channel]());
  const joined = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/**
 * For pictures from nothing but text, as A1111: all of a grey picture is to be painted, and there is none to edit.
 * @param encode pixels [3, height, width] in -1..1 → the posterior's mean, unscaled. A1111 draws from the posterior, which
 * makes its pictures depend on more than the seed; the mean is what it draws around.
 */
export function blankExtraChannels(
  vae: ModelTraits["vae"],
  { width, height }: { readonly width: number; readonly height: number },
  encode: (pixels: Float32Array) => Promise<Float32Array>,
): ExtraChannelValues {
  const positions = (width / vae.downscale) * (height / vae.downscale);
  return {
    mask: () => new Float32Array(positions).fill(1),
    maskedLatents: async () => scaledLatents(await encode(new Float32Array(3 * width * height)), vae),
    editedLatents: () => new Float32Array(vae.latentChannels * positions),
  };
}

/** What samplers see of encoded latents: (z - shift) · scale. */
function scaledLatents(
  latents: Float32Array,
  { scale, shift, latentChannels }: ModelTraits["vae"],
): Float32Array {
  const positions = latents.length / latentChannels;
  const of = (value: PerChannel, channel: number): number =>
    typeof value === "number" ? value : value[channel];
  return latents.map((z, i) => {
    const channel = Math.floor(i / positions);
    return (z - of(shift, channel)) * of(scale, channel);
  });
}
