// Which row of the family table a file belongs to: by its UNet's shapes and its text encoders, then by what it says of its
// training, then by its name. Reads no dimensions for their own sake.

import type { Checkpoint } from "../weights/checkpoint.ts";
import { textEncoderPlace } from "./detect-text-encoder.ts";
import { detectUnetTraits, type UnetTraits } from "./detect-unet.ts";
import { families, type ModelFamily } from "./families.ts";
import { describeContents } from "./file-contents.ts";
import { agrees, statedTraining } from "./stated-training.ts";
import { unsupported } from "./tensor-checks.ts";

/**
 * @param chosen id of the row that a user picked, for files whose shapes fit several.
 * @throws AppError UnsupportedModel
 */
export function detectFamily(checkpoint: Checkpoint, chosen?: string): ModelFamily {
  const fitting = familiesThatFit(checkpoint);
  if (chosen !== undefined) {
    const family = fitting.find(({ id }) => id === chosen);
    if (family) return family;
    throw unsupported(checkpoint, {
      where: "the family chosen for it",
      expected: fitting.map(({ id }) => id).join(" or "),
      got: chosen,
    });
  }
  const stated = statedTraining(checkpoint);
  const agreeing = fitting.filter((family) => agrees(family, stated));
  const name = `${checkpoint.metadata.get("modelspec.title") ?? ""} ${checkpoint.source.name}`;
  const family = agreeing.find(({ named }) => named?.test(name)) ?? agreeing[0];
  if (family) return family;
  throw unsupported(checkpoint, {
    where: "the training that the file states",
    expected: fitting.map((row) => `${row.prediction} prediction (${row.name})`).join(" or "),
    got: [stated.prediction && `${stated.prediction} prediction`, stated.noise && `${stated.noise} noise`]
      .filter(Boolean)
      .join(" with "),
  });
}

/** All rows of the file's architecture, in table order; at least one. */
function familiesThatFit(checkpoint: Checkpoint): readonly ModelFamily[] {
  const keys = [...checkpoint.tensors.keys()];
  const present = families.filter(({ unet }) =>
    keys.some((key) => key.startsWith(`${unet.prefix}input_blocks.`)),
  );
  if (present.length === 0) {
    throw unsupported(checkpoint, {
      where: "the file's contents",
      expected: "a whole Stable Diffusion checkpoint",
      got: describeContents(keys),
    });
  }
  const traits = detectUnetTraits(checkpoint, present[0].unet.prefix);
  const sameUnet = present.filter(({ matches }) =>
    traitNames.every((name) => matches[name] === traits[name]),
  );
  if (sameUnet.length === 0) {
    throw unsupported(checkpoint, {
      where: "the UNet",
      expected: "that of a family in the table",
      got: describeTraits(traits),
    });
  }
  const whole = sameUnet.filter(({ textEncoders }) =>
    textEncoders.every((encoder) => textEncoderPlace(checkpoint, encoder)),
  );
  // Without any text encoder the first row's is the one to name as missing.
  return whole.length > 0 ? whole : sameUnet;
}

const traitNames = [
  "inChannels",
  "outChannels",
  "linearProjection",
  "classEmbedding",
  "guidanceEmbedding",
] as const satisfies readonly (keyof UnetTraits)[];

function describeTraits(traits: UnetTraits): string {
  return [
    `${traits.inChannels} input and ${traits.outChannels} output channels`,
    `${traits.linearProjection ? "linear" : "convolutional"} projections`,
    `${traits.classEmbedding ? "a" : "no"} class embedding`,
    `${traits.guidanceEmbedding ? "a" : "no"} guidance embedding`,
  ].join(", ");
}
