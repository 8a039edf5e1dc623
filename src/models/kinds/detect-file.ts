// From an opened file to what kind it is: a table of kinds, each told by tensor names and shapes. Reads no tensor bytes, and
// a file's name decides only what no tensor tells.

import type { Checkpoint } from "../../weights/checkpoint.ts";
import { detectModel } from "../detect-model.ts";
import { stableDiffusion1 } from "../families/stable-diffusion-1.ts";
import { describeContents } from "../file-contents.ts";
import { MAX_TENSORS, unsupported } from "../tensor-checks.ts";
import { detectUpscaler, looksLikeUpscaler } from "../upscalers/detect-upscaler.ts";
import { detectVaeFile, isVae } from "../vae-file.ts";
import { detectControlFile, isControlNet, isIpAdapter } from "./control-files.ts";
import type { DetectedFile } from "./detected-file.ts";
import { detectEmbeddingFile, isEmbedding } from "./embedding-file.ts";
import { detectLoraFile, isLora } from "./lora-file.ts";
import { detectPreviewDecoderFile, isPreviewDecoder } from "./preview-decoder-file.ts";

interface FileKind {
  /** For the message about files that are none of them. */
  readonly name: string;
  readonly is: (checkpoint: Checkpoint) => boolean;
  /** Throws the error that says what is wrong with a file of this kind. */
  readonly detect: (checkpoint: Checkpoint) => DetectedFile;
}

const UNET = /^(model\.)?diffusion_model\.|^unet\./;

/** The first that a file is wins: control networks hold parts of a UNet and LoRAs, checkpoints hold VAEs. */
const fileKinds: readonly FileKind[] = [
  { name: "ControlNet", is: isControlNet, detect: (file) => detectControlFile(file, "controlnet") },
  { name: "IP-Adapter", is: isIpAdapter, detect: (file) => detectControlFile(file, "ip-adapter") },
  { name: "LoRA", is: isLora, detect: detectLoraFile },
  {
    name: "Stable Diffusion checkpoint",
    is: ({ tensors }) => [...tensors.keys()].some((key) => UNET.test(key)),
    detect: detectCheckpoint,
  },
  { name: "textual inversion embedding", is: isEmbedding, detect: detectEmbeddingFile },
  { name: "TAESD preview decoder", is: isPreviewDecoder, detect: detectPreviewDecoderFile },
  { name: "VAE", is: isVae, detect: detectVae },
  { name: "upscaler", is: looksLikeUpscaler, detect: detectUpscalerFile },
];

/**
 * After this a checkpoint, a VAE, an upscaler or a preview decoder is known to be whole; adapters are measured against a model
 * when they are used.
 * @throws AppError UnsupportedModel, MissingTensor or ShapeMismatch.
 */
export function detectFile(checkpoint: Checkpoint): DetectedFile {
  const { size } = checkpoint.tensors;
  if (size > MAX_TENSORS) {
    throw unsupported(checkpoint, {
      where: "number of tensors",
      expected: `at most ${MAX_TENSORS}`,
      got: `${size}`,
    });
  }
  const kind = fileKinds.find(({ is }) => is(checkpoint));
  if (kind) return kind.detect(checkpoint);
  const names = fileKinds.map(({ name }) => name);
  throw unsupported(checkpoint, {
    where: "its contents",
    expected: `a ${names.slice(0, -1).join(", ")} or ${names.at(-1)}`,
    got: describeContents([...checkpoint.tensors.keys()]),
  });
}

function detectCheckpoint(checkpoint: Checkpoint): DetectedFile {
  const model = detectModel(checkpoint);
  return { type: "checkpoint", family: model.family.id, model };
}

/** SD's and SDXL's VAEs have the same shapes; which of the two a file is shows in its pictures only. */
function detectVae(checkpoint: Checkpoint): DetectedFile {
  detectVaeFile(checkpoint, stableDiffusion1);
  return { type: "vae", family: "" };
}

function detectUpscalerFile(checkpoint: Checkpoint): DetectedFile {
  return { type: "upscaler", family: "", scale: detectUpscaler(checkpoint).config.scale };
}
