// A VAE in a file of its own, as it is used in the place of a checkpoint's. Names and shapes only.

import type { Checkpoint } from "../weights/checkpoint.ts";
import { detectVae } from "./detect-vae.ts";
import type { ModelFamily } from "./families.ts";
import { withOriginalKeys } from "./key-names.ts";
import type { VaeConfig } from "./model-config.ts";
import { vaeTensors } from "./required-tensors.ts";
import { checkTensors, shapeOfRank, unsupported } from "./tensor-checks.ts";

const PREFIX = "first_stage_model.";

/** Both halves, under their own names or under those they have in a checkpoint. */
const HALVES = ["encoder.", "decoder.", "quant_conv.", "post_quant_conv."];
const CONV_IN = /^(first_stage_model\.|vae\.)?decoder\.conv_in\.weight$/;

export interface DetectedVae {
  /** The file's tensors under the keys that the configuration uses. */
  readonly checkpoint: Checkpoint;
  readonly vae: VaeConfig;
}

export function isVae({ tensors }: Checkpoint): boolean {
  return [...tensors.keys()].some((key) => CONV_IN.test(key));
}

/**
 * A VAE for models of a family: published ones do not say how their latents are scaled, and go by the model they are used with.
 * @throws AppError UnsupportedModel, MissingTensor or ShapeMismatch.
 */
export function detectVaeFile(file: Checkpoint, family: ModelFamily): DetectedVae {
  const checkpoint = withOriginalKeys(underPrefix(file));
  const { channels } = family.latents;
  const [, latentChannels] = shapeOfRank(
    checkpoint,
    `${PREFIX}decoder.conv_in.weight`,
    4,
    "[out, in, height, width]",
  );
  if (latentChannels !== channels) {
    throw unsupported(checkpoint, {
      where: "latent channels of the VAE",
      expected: `${channels}, as ${family.name} has`,
      got: String(latentChannels),
    });
  }
  const vae = detectVae(checkpoint, family);
  checkTensors(checkpoint, vaeTensors(vae));
  return { checkpoint, vae };
}

/** Training leftovers (losses, averages) are left where they are. */
function underPrefix({ source, tensors, metadata }: Checkpoint): Checkpoint {
  const renamed = [...tensors].map(([key, tensor]) => {
    const bare = HALVES.some((half) => key.startsWith(half));
    return [bare ? PREFIX + key : key, tensor] as const;
  });
  return { source, tensors: new Map(renamed), metadata };
}
