// What the parts of an RRDBNet are called in each layout that is published, one row each. Names only; shapes are read elsewhere.

import type { KeyNode } from "../key-tree.ts";

export interface RrdbLayout {
  /** The first dense block's first convolution. No two layouts share it, and nothing else has it. */
  readonly signature: string;
  readonly first: string;
  /** Path of the numbered residual blocks. */
  readonly blocks: string;
  /** The trunk's convolution is numbered as if it were one more block. */
  readonly trunkIsNumbered: boolean;
  /** Of dense block 1, 2 or 3, below its residual block. */
  readonly dense: (number: number) => string;
  /** Of convolution 1 to 5, below its dense block. */
  readonly convolution: (number: number) => string;
  readonly trunk: (blocks: number) => string;
  /** Of upsampling convolution 1, 2, ... */
  readonly upsample: (number: number) => string;
  readonly high: (upsamples: number) => string;
  readonly last: (upsamples: number) => string;
  readonly countUpsamples: (root: KeyNode) => number;
}

const countNamed =
  (name: (number: number) => string) =>
  (root: KeyNode): number => {
    let count = 0;
    while (root.children.has(name(count + 1))) count++;
    return count;
  };

const upconv = (number: number): string => `upconv${number}`;
const convUp = (number: number): string => `conv_up${number}`;

// One torch.nn.Sequential: 0 first, 1 blocks, then (Upsample, Conv, LeakyReLU) per doubling, Conv, LeakyReLU, Conv.
const PER_UPSAMPLE = 3;
const HIGH = 2;
const LAST = 4;

/** 0 without upsampling. A number that is not whole means that this is no RRDBNet after all. */
function countSequential(root: KeyNode): number {
  let last = 0;
  for (const name of root.children.get("model")?.children.keys() ?? []) {
    if (/^\d{1,3}$/.test(name)) last = Math.max(last, Number(name));
  }
  return (last - LAST) / PER_UPSAMPLE;
}

export const rrdbLayouts: readonly RrdbLayout[] = [
  // ESRGAN as first published, and most of what the community trained.
  {
    signature: "model.1.sub.0.RDB1.conv1.0",
    first: "model.0",
    blocks: "model.1.sub",
    trunkIsNumbered: true,
    dense: (number) => `RDB${number}`,
    convolution: (number) => `conv${number}.0`,
    trunk: (blocks) => `model.1.sub.${blocks}`,
    upsample: (number) => `model.${PER_UPSAMPLE * number}`,
    high: (upsamples) => `model.${PER_UPSAMPLE * upsamples + HIGH}`,
    last: (upsamples) => `model.${PER_UPSAMPLE * upsamples + LAST}`,
    countUpsamples: countSequential,
  },
  // ESRGAN's later code, BSRGAN, RealSR.
  {
    signature: "RRDB_trunk.0.RDB1.conv1",
    first: "conv_first",
    blocks: "RRDB_trunk",
    trunkIsNumbered: false,
    dense: (number) => `RDB${number}`,
    convolution: (number) => `conv${number}`,
    trunk: () => "trunk_conv",
    upsample: upconv,
    high: () => "HRconv",
    last: () => "conv_last",
    countUpsamples: countNamed(upconv),
  },
  // BasicSR: Real-ESRGAN.
  {
    signature: "body.0.rdb1.conv1",
    first: "conv_first",
    blocks: "body",
    trunkIsNumbered: false,
    dense: (number) => `rdb${number}`,
    convolution: (number) => `conv${number}`,
    trunk: () => "conv_body",
    upsample: convUp,
    high: () => "conv_hr",
    last: () => "conv_last",
    countUpsamples: countNamed(convUp),
  },
];
