// Finds the numbered parts of a network among its keys ("input_blocks.3", "layers.11"). Looks at names only.

import { AppError } from "../protocol/app-error.ts";
import type { Checkpoint } from "../weights/checkpoint.ts";

/** The keys of a file by their dotted parts. */
export interface KeyNode {
  readonly children: ReadonlyMap<string, KeyNode>;
}

interface GrowingNode {
  readonly children: Map<string, GrowingNode>;
}

// Deep enough for "encoder.down.0.block.0"; hostile keys with thousands of dots stay cheap.
const MAX_PARTS = 5;

/** The upper parts of all keys that start with `prefix` (which ends in a dot), without it. */
export function keyTree(checkpoint: Checkpoint, prefix: string): KeyNode {
  const root: GrowingNode = { children: new Map() };
  for (const key of checkpoint.tensors.keys()) {
    if (!key.startsWith(prefix)) continue;
    let node = root;
    for (const part of key.slice(prefix.length).split(".", MAX_PARTS)) {
      let next = node.children.get(part);
      if (!next) node.children.set(part, (next = { children: new Map() }));
      node = next;
    }
  }
  return root;
}

/** The node at a dotted path, if any key goes through it. */
export function nodeAt(node: KeyNode, path: string): KeyNode | undefined {
  let found: KeyNode | undefined = node;
  for (const part of path.split(".")) found = found?.children.get(part);
  return found;
}

/**
 * Children numbered 0, 1, 2, ... without a hole.
 * @throws AppError MissingTensor that names the first number left out.
 */
export function numberedChildren(node: KeyNode | undefined, key: string, file: string): readonly KeyNode[] {
  const names = [...(node?.children.keys() ?? [])].filter((name) => /^(0|[1-9][0-9]{0,3})$/.test(name));
  return names.map((_, index) => {
    const child = node?.children.get(String(index));
    if (child) return child;
    const missing = `${key}.${index}`;
    throw new AppError("MissingTensor", `${file} has no tensors at "${missing}", but has some after it.`, {
      file,
      where: missing,
      expected: "present",
      got: "nothing",
    });
  });
}
