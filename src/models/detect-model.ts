// From an opened file to a typed description of a model that can be built, or a named error. Reads names and shapes only.

import type { Checkpoint } from "../weights/checkpoint.ts";
import { detectTextEncoder } from "./detect-text-encoder.ts";
import { detectUnet, detectUnetTraits, type UnetTraits } from "./detect-unet.ts";
import { detectVae } from "./detect-vae.ts";
import { families, type ModelFamily } from "./families.ts";
import { describeContents } from "./file-contents.ts";
import { withOriginalKeys } from "./key-names.ts";
import { LATENT_RGB_METADATA_KEY, parseLatentRgbFactors } from "./latent-rgb-metadata.ts";
import type { DetectedModel } from "./model-config.ts";
import { textEncoderTensors, unetTensors, vaeTensors } from "./required-tensors.ts";
import { checkTensors, unsupported } from "./tensor-checks.ts";

// Published checkpoints have a few thousand; the limit bounds the work on a hostile header.
const MAX_TENSORS = 100_000;

/**
 * After this every tensor that the graphs need is known to be there, in the right shape. Other tensors (EMA copies, position
 * ids, training leftovers) are left alone.
 * @throws AppError UnsupportedModel, MissingTensor or ShapeMismatch that names the key, what was expected and what was got.
 */
export function detectModel(file: Checkpoint): DetectedModel {
  if (file.tensors.size > MAX_TENSORS) {
    throw unsupported(file, {
      where: "number of tensors",
      expected: `at most ${MAX_TENSORS}`,
      got: String(file.tensors.size),
    });
  }
  const checkpoint = withOriginalKeys(file);
  const family = detectFamily(checkpoint);
  const textEncoders = family.textEncoders.map((encoder) => detectTextEncoder(checkpoint, encoder));
  const unet = detectUnet(checkpoint, family);
  const vae = detectVae(checkpoint, family);

  const contextWidth = textEncoders.reduce((sum, { width }) => sum + width, 0);
  if (unet.contextWidth !== contextWidth) {
    throw unsupported(checkpoint, {
      where: "width of the UNet's text conditioning",
      expected: `${contextWidth}, as its text encoder gives`,
      got: String(unet.contextWidth),
    });
  }
  checkTensors(checkpoint, [
    ...textEncoders.flatMap(textEncoderTensors),
    ...unetTensors(unet),
    ...vaeTensors(vae),
  ]);

  const latentRgbFactors =
    parseLatentRgbFactors(checkpoint.metadata.get(LATENT_RGB_METADATA_KEY), vae.latentChannels) ??
    family.latentRgbFactors;
  return { family, checkpoint, textEncoders, unet, vae, latentRgbFactors };
}

function detectFamily(checkpoint: Checkpoint): ModelFamily {
  const keys = [...checkpoint.tensors.keys()];
  const candidates = families.filter(({ unet }) =>
    keys.some((key) => key.startsWith(`${unet.prefix}input_blocks.`)),
  );
  if (candidates.length === 0) {
    throw unsupported(checkpoint, {
      where: "the file's contents",
      expected: "a whole Stable Diffusion checkpoint",
      got: describeContents(keys),
    });
  }
  const traits = detectUnetTraits(checkpoint, candidates[0].unet.prefix);
  const family = candidates.find(({ matches }) => traitNames.every((name) => matches[name] === traits[name]));
  if (family) return family;
  throw unsupported(checkpoint, {
    where: "the UNet",
    expected: candidates
      .map((candidate) => `${describeTraits(candidate.matches)} (${candidate.name})`)
      .join(" or "),
    got: describeTraits(traits),
  });
}

const traitNames = [
  "inChannels",
  "outChannels",
  "linearProjection",
  "classEmbedding",
] as const satisfies readonly (keyof UnetTraits)[];

function describeTraits(traits: UnetTraits): string {
  return [
    `${traits.inChannels} input and ${traits.outChannels} output channels`,
    `${traits.linearProjection ? "linear" : "convolutional"} projections`,
    `${traits.classEmbedding ? "a" : "no"} class embedding`,
  ].join(", ");
}
