// From an opened file to a typed description of a model that can be built, or a named error. Reads names and shapes only.

import type { Checkpoint } from "../weights/checkpoint.ts";
import { detectFamily } from "./detect-family.ts";
import { detectTextEncoder } from "./detect-text-encoder.ts";
import { detectUnet } from "./detect-unet.ts";
import { detectVae } from "./detect-vae.ts";
import type { ModelFamily } from "./families.ts";
import { withOriginalKeys } from "./key-names.ts";
import { LATENT_RGB_METADATA_KEY, parseLatentRgbFactors } from "./latent-rgb-metadata.ts";
import type { DetectedModel, SizeConditioning, TextEncoderConfig, UnetConfig } from "./model-config.ts";
import { textEncoderTensors, unetTensors, vaeTensors } from "./required-tensors.ts";
import { checkTensors, MAX_TENSORS, unsupported } from "./tensor-checks.ts";

/**
 * After this every tensor that the graphs need is known to be there, in the right shape. Other tensors (EMA copies, position
 * ids, training leftovers) are left alone.
 * @param familyId the row that a user picked, for files whose shapes fit several.
 * @throws AppError UnsupportedModel, MissingTensor or ShapeMismatch that names the key, what was expected and what was got.
 */
export function detectModel(file: Checkpoint, familyId?: string): DetectedModel {
  if (file.tensors.size > MAX_TENSORS) {
    throw unsupported(file, {
      where: "number of tensors",
      expected: `at most ${MAX_TENSORS}`,
      got: String(file.tensors.size),
    });
  }
  const checkpoint = withOriginalKeys(file);
  const family = detectFamily(checkpoint, familyId);
  const textEncoders = family.textEncoders.map((encoder) => detectTextEncoder(checkpoint, encoder));
  const unet = detectUnet(checkpoint, family);
  const vae = detectVae(checkpoint, family);

  const contextWidth = textEncoders.reduce((sum, { width }) => sum + width, 0);
  if (unet.contextWidth !== contextWidth) {
    throw unsupported(checkpoint, {
      where: "width of the UNet's text conditioning",
      expected: `${contextWidth}, as its text ${textEncoders.length > 1 ? "encoders give" : "encoder gives"}`,
      got: String(unet.contextWidth),
    });
  }
  const sizeConditioning = readSizeConditioning(checkpoint, family, textEncoders, unet);
  checkTensors(checkpoint, [
    ...textEncoders.flatMap(textEncoderTensors),
    ...unetTensors(unet),
    ...vaeTensors(vae),
  ]);

  const latentRgbFactors =
    parseLatentRgbFactors(checkpoint.metadata.get(LATENT_RGB_METADATA_KEY), vae.latentChannels) ??
    family.latentRgbFactors;
  return {
    family,
    checkpoint,
    textEncoders,
    unet,
    vae,
    ...(sizeConditioning && { sizeConditioning }),
    latentRgbFactors,
  };
}

/** What the pooled prompt leaves of the class embedding, shared out among the family's fields. */
function readSizeConditioning(
  checkpoint: Checkpoint,
  { sizeConditioning: fields }: ModelFamily,
  textEncoders: readonly TextEncoderConfig[],
  { prefix, classEmbeddingWidth = 0 }: UnetConfig,
): SizeConditioning | undefined {
  if (!fields) return undefined;
  const pooledWidth = textEncoders.reduce((sum, { pooling }) => sum + (pooling?.width ?? 0), 0);
  const width = (classEmbeddingWidth - pooledWidth) / fields.length;
  // Half cosines, half sines.
  if (width > 0 && width % 2 === 0) return { fields, width };
  throw unsupported(checkpoint, {
    where: `${prefix}label_emb, width`,
    expected: `${pooledWidth} for the pooled prompt and an even number for each of ${fields.join(", ")}`,
    got: String(classEmbeddingWidth),
  });
}
