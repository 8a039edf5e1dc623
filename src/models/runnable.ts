// What of the models that detection recognises cannot be generated with yet, said before a long import. Knows no device.

import type { DetectedModel } from "./model-config.ts";
import { unsupported } from "./tensor-checks.ts";

interface Limit {
  readonly where: string;
  readonly expected: string;
  /** What the model has instead; undefined where it stays within the limit. */
  exceeds(model: DetectedModel): string | undefined;
}

const limits: readonly Limit[] = [
  {
    where: "text conditioning",
    expected: "from one text encoder, without sizes",
    exceeds: ({ textEncoders, sizeConditioning }) =>
      textEncoders.length > 1 || sizeConditioning
        ? `${textEncoders.map(({ width }) => `${width} wide`).join(" and ")}${sizeConditioning ? ", with sizes" : ""}`
        : undefined,
  },
  {
    where: "input of the UNet",
    expected: "the latents alone",
    exceeds: ({ unet, vae }) =>
      unet.inChannels === vae.latentChannels
        ? undefined
        : `${unet.inChannels} channels, ${vae.latentChannels} of them latents`,
  },
  {
    where: "guidance",
    expected: "by a negative prompt",
    exceeds: ({ unet }) =>
      unet.guidanceEmbeddingWidth === undefined ? undefined : "as an input of the UNet",
  },
];

/** @throws AppError UnsupportedModel that names the family and the first thing that the engine lacks. */
export function requireRunnable(model: DetectedModel): void {
  for (const { where, expected, exceeds } of limits) {
    const got = exceeds(model);
    if (got === undefined) continue;
    throw unsupported(model.checkpoint, { where: `${where} (${model.family.name})`, expected, got });
  }
}
