// Reads a CLIP text encoder's configuration from names and shapes. Builds nothing and checks no tensor that it does not read.

import type { Checkpoint } from "../weights/checkpoint.ts";
import type { FamilyTextEncoder } from "./families.ts";
import { keyTree, nodeAt, numberedChildren } from "./key-tree.ts";
import type { TextEncoderConfig } from "./model-config.ts";
import { shapeOfRank, unsupported } from "./tensor-checks.ts";

export function detectTextEncoder(checkpoint: Checkpoint, family: FamilyTextEncoder): TextEncoderConfig {
  const { prefix, layout, activation, headWidth, maxTokens } = family;
  const embedding = `${prefix}embeddings.token_embedding.weight`;
  const [vocabulary, width] = shapeOfRank(checkpoint, embedding, 2, "[vocabulary, width]");
  if (width % headWidth !== 0) {
    throw unsupported(checkpoint, {
      where: `${embedding}, width`,
      expected: `a multiple of ${headWidth}`,
      got: String(width),
    });
  }
  const layersKey = "encoder.layers";
  const layers = numberedChildren(
    nodeAt(keyTree(checkpoint, prefix), layersKey),
    prefix + layersKey,
    checkpoint.source.name,
  ).length;
  const [mlpWidth] = shapeOfRank(checkpoint, `${prefix}encoder.layers.0.mlp.fc1.weight`, 2, "[mlp, width]");
  return {
    layout,
    prefix,
    width,
    layers,
    heads: width / headWidth,
    mlpWidth,
    activation,
    vocabulary,
    maxTokens,
  };
}
