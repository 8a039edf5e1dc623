// Recognises textual inversion embeddings, and whose they are, without a model beside them. Reads no vectors.

import type { Checkpoint } from "../../weights/checkpoint.ts";
import { embeddingShapes } from "../adapters/embedding.ts";
import { stableDiffusionXl } from "../families/stable-diffusion-xl.ts";
import type { DetectedFile } from "./detected-file.ts";
import { familyOfContextWidth } from "./family-of-width.ts";

export const isEmbedding = (checkpoint: Checkpoint): boolean => embeddingShapes(checkpoint) !== undefined;

/** @throws AppError ShapeMismatch when the vectors are too many, or differ in number. */
export function detectEmbeddingFile(checkpoint: Checkpoint): DetectedFile {
  const shapes = embeddingShapes(checkpoint) ?? [];
  const [first] = shapes;
  const family = shapes.length > 1 ? stableDiffusionXl.id : familyOfContextWidth(first.width);
  return { type: "embedding", family, vectors: first.count };
}
