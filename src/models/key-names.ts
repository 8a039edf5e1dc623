// Renames the keys of published files to the original (ldm) layout that configs and builders use. Tables; moves no bytes.

import type { Checkpoint } from "../weights/checkpoint.ts";
import type { TensorInfo } from "../weights/tensor-info.ts";

/** Keys that start with `from` are read as if they started with `to`. The first row that matches is used, once. */
interface PrefixRule {
  readonly from: string;
  readonly to: string;
}

const CLIP = "cond_stage_model.transformer.";

const rules: readonly PrefixRule[] = [
  // Files saved with transformers before 4.0's text_model wrapper, as many 2022 merges are.
  { from: `${CLIP}embeddings.`, to: `${CLIP}text_model.embeddings.` },
  { from: `${CLIP}encoder.`, to: `${CLIP}text_model.encoder.` },
  { from: `${CLIP}final_layer_norm.`, to: `${CLIP}text_model.final_layer_norm.` },
];

export function originalKey(key: string): string {
  const rule = rules.find(({ from }) => key.startsWith(from));
  return rule ? rule.to + key.slice(rule.from.length) : key;
}

/**
 * The same tensors under original keys. Where two keys of the file would become one, the one that already had the name wins.
 * Every TensorInfo keeps the file's own key, for messages.
 */
export function withOriginalKeys(checkpoint: Checkpoint): Checkpoint {
  const tensors = new Map<string, TensorInfo>();
  for (const [key, tensor] of checkpoint.tensors) {
    const original = originalKey(key);
    if (original === key || !checkpoint.tensors.has(original)) tensors.set(original, tensor);
  }
  return { source: checkpoint.source, tensors, metadata: checkpoint.metadata };
}
