// The text encoders that families share, each with the rules it is used by there. Data only.

import type { FamilyTextEncoder } from "../families.ts";

const clipL = {
  activation: "quick_gelu",
  headWidth: 64,
  maxTokens: 77,
  padding: "end",
  pooled: false,
} as const;

const openClip = {
  activation: "gelu",
  headWidth: 64,
  maxTokens: 77,
  padding: "zero",
} as const;

/** SD 1.x: CLIP ViT-L/14, whole. */
export const clipLWhole: FamilyTextEncoder = {
  ...clipL,
  places: [{ layout: "clip", prefix: "cond_stage_model.transformer.text_model.", leftOutLayers: 0 }],
  finalNorm: true,
};

/** SDXL's first encoder: CLIP ViT-L/14 without its last layer and without the norm behind it. */
export const clipLPenultimate: FamilyTextEncoder = {
  ...clipL,
  places: [{ layout: "clip", prefix: "conditioner.embedders.0.transformer.text_model.", leftOutLayers: 1 }],
  finalNorm: false,
};

/** SD 2.x: OpenCLIP ViT-H/14 without its last layer, normed. Diffusers publishes it without that layer. */
export const openClipH: FamilyTextEncoder = {
  ...openClip,
  places: [
    { layout: "open-clip", prefix: "cond_stage_model.model.", leftOutLayers: 1, layersWhenTrimmed: 23 },
    // SD-Turbo's files are named like SDXL's.
    {
      layout: "open-clip",
      prefix: "conditioner.embedders.0.model.",
      leftOutLayers: 1,
      layersWhenTrimmed: 23,
    },
    { layout: "clip", prefix: "cond_stage_model.transformer.text_model.", leftOutLayers: 0 },
  ],
  finalNorm: true,
  pooled: false,
};

/** SDXL's second encoder and the refiner's only one: OpenCLIP ViT-bigG/14 without its last layer and norm, pooled with both. */
function openClipG(originalPrefix: string): FamilyTextEncoder {
  return {
    ...openClip,
    places: [
      { layout: "open-clip", prefix: originalPrefix, leftOutLayers: 1 },
      { layout: "clip", prefix: "conditioner.embedders.1.transformer.text_model.", leftOutLayers: 1 },
    ],
    finalNorm: false,
    pooled: true,
  };
}

export const openClipGBase = openClipG("conditioner.embedders.1.model.");
export const openClipGRefiner = openClipG("conditioner.embedders.0.model.");
