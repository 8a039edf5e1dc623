// Renames the keys of published files to the original (ldm) layout that configs and builders use. Tables; moves no bytes.

import type { Checkpoint } from "../weights/checkpoint.ts";
import type { TensorInfo } from "../weights/tensor-info.ts";
import { diffusersUnetNames, diffusersUnetStructure } from "./diffusers-unet-names.ts";
import { diffusersVaeNames, diffusersVaeStructure } from "./diffusers-vae-names.ts";
import { keyTree, type KeyNode } from "./key-tree.ts";

/** Keys that start with `from` are read as if they started with `to`. The first row that matches is used, once. */
interface PrefixRule {
  readonly from: string;
  readonly to: string;
  /** Only in files that have keys with this prefix too. */
  readonly beside?: string;
}

const UNET = "model.diffusion_model.";
const VAE = "first_stage_model.";

// "decoder.mid_block.attentions.0.to_out.0"; hostile keys with thousands of dots stay cheap.
const MAX_MODULE_PARTS = 6;

/** Of the text encoders in transformers' names. */
const transformerRoots = [
  "cond_stage_model.transformer.",
  "conditioner.embedders.0.transformer.",
  "conditioner.embedders.1.transformer.",
];

/** What files call the networks, and folders whose files are read as one. */
const componentRules: readonly PrefixRule[] = [
  { from: "diffusion_model.", to: UNET },
  { from: "unet.", to: UNET },
  { from: "vae.", to: VAE },
  { from: "text_encoder_2.", to: transformerRoots[2] },
  { from: "text_encoder.", to: transformerRoots[1], beside: "text_encoder_2." },
  { from: "text_encoder.", to: transformerRoots[0] },
];

/** Some versions of transformers save without the `text_model.` wrapper, as many 2022 merges were. */
const wrapperRules: readonly PrefixRule[] = transformerRoots.flatMap((root) =>
  ["embeddings.", "encoder.", "final_layer_norm."].map((part) => ({
    from: root + part,
    to: `${root}text_model.${part}`,
  })),
);

/** Per network, the original module by the file's module, from the structure that the file's own keys show. */
const networkNames: readonly {
  readonly prefix: string;
  readonly names: (tree: KeyNode, prefix: string, file: string) => ReadonlyMap<string, string> | undefined;
}[] = [
  {
    prefix: UNET,
    names: (...args) => {
      const structure = diffusersUnetStructure(...args);
      return structure && diffusersUnetNames(structure);
    },
  },
  {
    prefix: VAE,
    names: (...args) => {
      const structure = diffusersVaeStructure(...args);
      return structure && diffusersVaeNames(structure);
    },
  },
];

/**
 * The same tensors under original keys. Where two keys of the file would become one, the one that already had the name wins.
 * Every TensorInfo keeps the file's own key.
 * @throws AppError MissingTensor when the numbering of Diffusers' blocks has a hole.
 */
export function withOriginalKeys(checkpoint: Checkpoint): Checkpoint {
  const keys = [...checkpoint.tensors.keys()];
  const rules = componentRules.filter(
    ({ beside }) => beside === undefined || keys.some((key) => key.startsWith(beside)),
  );
  const prefixed = renamed(checkpoint, (key) => withPrefix(withPrefix(key, rules), wrapperRules));
  return networkNames.reduce((current, { prefix, names }) => {
    const found = names(keyTree(current, prefix), prefix, checkpoint.source.name);
    if (!found) return current;
    return renamed(current, (key) =>
      key.startsWith(prefix) ? prefix + withModuleName(key.slice(prefix.length), found) : key,
    );
  }, prefixed);
}

function renamed(checkpoint: Checkpoint, rename: (key: string) => string): Checkpoint {
  const tensors = new Map<string, TensorInfo>();
  for (const [key, tensor] of checkpoint.tensors) {
    const original = rename(key);
    if (original === key || !checkpoint.tensors.has(original)) tensors.set(original, tensor);
  }
  return { source: checkpoint.source, tensors, metadata: checkpoint.metadata };
}

function withPrefix(key: string, rules: readonly PrefixRule[]): string {
  const rule = rules.find(({ from }) => key.startsWith(from));
  return rule ? rule.to + key.slice(rule.from.length) : key;
}

/** The longest part of the key that names a module of the table is replaced. */
function withModuleName(key: string, names: ReadonlyMap<string, string>): string {
  const parts = key.split(".", MAX_MODULE_PARTS);
  for (let count = parts.length; count > 0; count--) {
    const module = parts.slice(0, count).join(".");
    const name = names.get(module);
    if (name !== undefined) return name + key.slice(module.length);
  }
  return key;
}
