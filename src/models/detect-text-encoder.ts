// Reads a CLIP text encoder's configuration from names and shapes. Builds nothing and checks no tensor that it does not read.

import type { Checkpoint } from "../weights/checkpoint.ts";
import type { FamilyTextEncoder, TextEncoderPlace } from "./families.ts";
import { keyTree, nodeAt, numberedChildren } from "./key-tree.ts";
import type { TextEncoderConfig } from "./model-config.ts";
import { shapeOfRank, unsupported } from "./tensor-checks.ts";
import { textEncoderNames } from "./text-encoder-names.ts";

/** Where the file keeps this encoder; undefined when it has none. */
export function textEncoderPlace(
  checkpoint: Checkpoint,
  { places }: FamilyTextEncoder,
): TextEncoderPlace | undefined {
  const keys = [...checkpoint.tensors.keys()];
  return places.find(({ prefix }) => keys.some((key) => key.startsWith(prefix)));
}

/** @throws AppError MissingTensor when there is no such encoder, named in the family's own place for it. */
export function detectTextEncoder(checkpoint: Checkpoint, family: FamilyTextEncoder): TextEncoderConfig {
  const { activation, headWidth, maxTokens, padding, finalNorm, pooled } = family;
  const place = textEncoderPlace(checkpoint, family) ?? family.places[0];
  const { layout, prefix } = place;
  const names = textEncoderNames[layout];
  const embedding = prefix + names.tokenEmbedding;
  const [vocabulary, width] = shapeOfRank(checkpoint, embedding, 2, "[vocabulary, width]");
  if (width % headWidth !== 0) {
    throw unsupported(checkpoint, {
      where: `${embedding}, width`,
      expected: `a multiple of ${headWidth}`,
      got: String(width),
    });
  }
  const layers = numberedChildren(
    nodeAt(keyTree(checkpoint, prefix), names.layers),
    prefix + names.layers,
    checkpoint.source.name,
  ).length;
  const [mlpWidth] = shapeOfRank(
    checkpoint,
    `${prefix}${names.layers}.0.${names.mlpIn}.weight`,
    2,
    "[mlp, width]",
  );
  return {
    layout,
    prefix,
    width,
    layers,
    leftOutLayers: layers === place.layersWhenTrimmed ? 0 : place.leftOutLayers,
    finalNorm,
    heads: width / headWidth,
    mlpWidth,
    activation,
    vocabulary,
    maxTokens,
    padding,
    ...(pooled && { pooling: readPooling(checkpoint, place) }),
  };
}

function readPooling(
  checkpoint: Checkpoint,
  { layout, prefix }: TextEncoderPlace,
): { key: string; width: number } {
  if (layout === "open-clip") {
    const key = `${prefix}text_projection`;
    return { key, width: shapeOfRank(checkpoint, key, 2, "[width, pooled]")[1] };
  }
  const key = `${prefix.replace(/text_model\.$/, "")}text_projection.weight`;
  return { key, width: shapeOfRank(checkpoint, key, 2, "[pooled, width]")[0] };
}
