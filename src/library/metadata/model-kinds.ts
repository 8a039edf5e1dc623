// Which of the folders SD, LoRA, CN, SR, TI, HN, VAE a model belongs to, by the names that others give its type.

import type { ModelKind } from "../../protocol/metadata-api.ts";
import type { ModelType } from "../../protocol/model-manifest.ts";

const OF_LIBRARY_TYPE: Readonly<Partial<Record<ModelType, ModelKind>>> = {
  checkpoint: "SD",
  lora: "LoRA",
  controlnet: "CN",
  upscaler: "SR",
  embedding: "TI",
  vae: "VAE",
};

// Civitai's names, LoRA Manager's and Stability Matrix's; compared without case. A map, because the names come from outside.
const OF_NAME: ReadonlyMap<string, ModelKind> = new Map(
  Object.entries<ModelKind>({
    checkpoint: "SD",
    stablediffusion: "SD",
    lora: "LoRA",
    locon: "LoRA",
    lycoris: "LoRA",
    dora: "LoRA",
    controlnet: "CN",
    upscaler: "SR",
    esrgan: "SR",
    textualinversion: "TI",
    embedding: "TI",
    hypernetwork: "HN",
    vae: "VAE",
  }),
);

export function kindOfType(type: ModelType): ModelKind | null {
  return OF_LIBRARY_TYPE[type] ?? null;
}

/** null for names that belong to none. */
export function kindOfName(name: string): ModelKind | null {
  return OF_NAME.get(name.toLowerCase()) ?? null;
}
