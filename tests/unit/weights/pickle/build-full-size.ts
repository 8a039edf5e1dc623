// Both of torch's file forms for a header of full size: pickles and directory as torch writes them, float32 weights as holes.
// Test support.

import type { HeaderDescription } from "../../../support/header-only.ts";
import type { SparsePiece } from "../../../support/sparse-source.ts";
import {
  dictOf,
  int,
  LIST,
  MARK,
  pickleOf,
  storageOf,
  tensorOf,
  text,
  TORCH_MAGIC,
  uint64,
} from "./build-pickle.ts";
import { zipPieces } from "./build-zip.ts";

const VALUE_BYTES = 4;
const LEGACY_VERSION = 1001;

interface Storage {
  readonly key: string;
  readonly count: number;
}

/** One storage for each tensor, in their order. */
function stateDict(header: HeaderDescription): {
  readonly pickle: Uint8Array;
  readonly storages: readonly Storage[];
} {
  const storages: Storage[] = [];
  const entries = [...header].map(([name, [, shape]]): [string, number[]] => {
    const storage = {
      key: `${storages.length}`,
      count: shape.reduce((product, extent) => product * extent, 1),
    };
    storages.push(storage);
    const strides = shape.map((_, axis) =>
      shape.slice(axis + 1).reduce((product, extent) => product * extent, 1),
    );
    return [name, tensorOf({ storage: storageOf(storage.key, storage.count), shape, strides })];
  });
  return { pickle: pickleOf(dictOf(Object.fromEntries(entries))), storages };
}

/** Since torch 1.6. */
export function fullSizeZip(header: HeaderDescription): readonly SparsePiece[] {
  const { pickle, storages } = stateDict(header);
  const parts = storages.map(({ key, count }) => ({
    name: `archive/data/${key}`,
    hole: VALUE_BYTES * count,
    align: 64,
  }));
  return zipPieces([{ name: "archive/data.pkl", data: pickle, align: 64 }, ...parts], { zip64: true });
}

/** Before; upscalers of that time are still shared as they were. */
export function fullSizeLegacy(header: HeaderDescription): readonly SparsePiece[] {
  const { pickle, storages } = stateDict(header);
  const keys = [MARK, ...storages.flatMap(({ key }) => text(key)), LIST];
  return [
    ...[TORCH_MAGIC, pickleOf(int(LEGACY_VERSION)), pickleOf(dictOf({})), pickle, pickleOf(keys)],
    ...storages.flatMap(({ count }): SparsePiece[] => [Uint8Array.from(uint64(count)), VALUE_BYTES * count]),
  ];
}
