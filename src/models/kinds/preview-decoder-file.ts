// Recognises TAESD files, the tiny autoencoders that make previews. Whose they are, no tensor tells: those for SD and for
// SDXL have the same shapes.

import type { Checkpoint } from "../../weights/checkpoint.ts";
import { stableDiffusion1 } from "../families/stable-diffusion-1.ts";
import { stableDiffusionXl } from "../families/stable-diffusion-xl.ts";
import { detectTinyDecoder, hasTinyDecoder } from "../tiny-decoder-config.ts";
import type { DetectedFile } from "./detected-file.ts";

/** As its author names it ("taesdxl_decoder.safetensors"), or a title that says so. */
const XL = /sd-?xl/i;

export const isPreviewDecoder = (checkpoint: Checkpoint): boolean => hasTinyDecoder(checkpoint);

/** @throws AppError UnsupportedModel, MissingTensor or ShapeMismatch. */
export function detectPreviewDecoderFile(checkpoint: Checkpoint): DetectedFile {
  detectTinyDecoder(checkpoint);
  const name = `${checkpoint.metadata.get("modelspec.title") ?? ""} ${checkpoint.source.name}`;
  const { id } = XL.test(name) ? stableDiffusionXl : stableDiffusion1;
  return { type: "preview-decoder", family: id };
}
