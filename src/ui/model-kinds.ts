// What people call the kinds of models, and what can be done with each. Words only.

import { msg, str } from "@lit/localize";
import type { ModelRecord } from "../protocol/library-api.ts";
import type { ModelType } from "../protocol/model-manifest.ts";

const kindNames: Readonly<Record<ModelType, () => string>> = {
  checkpoint: () => msg("Checkpoint"),
  lora: () => msg("LoRA"),
  embedding: () => msg("Embedding"),
  vae: () => msg("VAE"),
  upscaler: () => msg("Upscaler"),
  "preview-decoder": () => msg("Preview decoder"),
  controlnet: () => msg("ControlNet"),
  "ip-adapter": () => msg("IP-Adapter"),
  detector: () => msg("Detector"),
};

/** Kept for later: they are recognised and stored, and nothing uses them yet. */
const UNUSED: readonly ModelType[] = ["controlnet", "ip-adapter", "detector"];

export const kindName = (type: ModelType): string => kindNames[type]();

/** What is worth knowing of a model besides its size and licence. */
export function kindFacts({ type, vectors, scale, defaults }: ModelRecord): readonly string[] {
  return [
    kindName(type),
    ...(defaults ? [`${defaults.width} × ${defaults.height}`] : []),
    ...(vectors === undefined ? [] : [vectors === 1 ? msg("1 vector") : msg(str`${vectors} vectors`)]),
    ...(scale === undefined ? [] : [`× ${scale}`]),
  ];
}

/** Why a model cannot be used, when it cannot. */
export function kindLimit({ type }: ModelRecord): string | undefined {
  return UNUSED.includes(type)
    ? msg(str`Kept on this device, but this version of Kiln cannot use a ${kindName(type)} yet.`)
    : undefined;
}
