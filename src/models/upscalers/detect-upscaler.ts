// From an opened file to a typed description of an upscaler that can be built, or a named error. Reads names and shapes only.

import type { Checkpoint } from "../../weights/checkpoint.ts";
import { describeContents } from "../file-contents.ts";
import { keyTree, nodeAt, numberedChildren } from "../key-tree.ts";
import { checkTensors, shapeOfRank, unsupported } from "../tensor-checks.ts";
import type { RrdbLayout } from "./rrdb-layouts.ts";
import { rrdbLayouts } from "./rrdb-layouts.ts";
import type { DenseBlock, DetectedUpscaler, RrdbNetConfig, SrvggNetConfig } from "./upscaler-config.ts";
import { upscalerTensors } from "./upscaler-tensors.ts";

const PIXEL_CHANNELS = 3;
const DENSE_BLOCKS = 3;
const DENSE_CONVOLUTIONS = 5;
const CONV = "[out, in, 3, 3]";

// Three doublings make x8, the most that is published; a hostile header could ask for an enormous picture otherwise.
const MAX_UPSAMPLES = 3;
const MAX_SCALE = 8;

/** What BasicSR's wrapping dictionaries become where a .pth was flattened into .safetensors. */
const PREFIXES = ["", "params_ema.", "params."];

/** The compact network is one torch.nn.ModuleList: a convolution, its PReLU, and so on. */
const COMPACT = "body";

/** Well-known upscalers that are recognised only to say so. The first pattern that any key matches names the file. */
const others: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/(^|\.)layers\.0\.overlap_attn\.|residual_group\.overlap_attn\./, "a HAT upscaler"],
  [/(^|\.)before_RG\./, "a DAT upscaler"],
  [/(^|\.)layers\.0\.residual_group\.blocks\.0\./, "a SwinIR upscaler"],
  [/(^|\.)block_1\.c1_r\./, "a SPAN upscaler"],
  [/(^|\.)unet1\.conv1\.conv\.0\./, "a Real-CUGAN upscaler"],
  [/(^|\.)feats\.\d+\.lk\./, "a PLKSR upscaler"],
];

/** Whether the file is an upscaler at all, also one that cannot be built. */
export function looksLikeUpscaler(checkpoint: Checkpoint): boolean {
  const keys = [...checkpoint.tensors.keys()];
  return (
    rrdbLayoutOf(checkpoint) !== undefined ||
    compactPrefix(checkpoint) !== undefined ||
    others.some(([pattern]) => keys.some((key) => pattern.test(key)))
  );
}

/**
 * After this every tensor that the graph needs is known to be there, in the right shape. Other tensors are left alone.
 * @throws AppError UnsupportedModel, MissingTensor or ShapeMismatch that names the key, what was expected and what was got.
 */
export function detectUpscaler(checkpoint: Checkpoint): DetectedUpscaler {
  const config = readRrdbNet(checkpoint) ?? readSrvggNet(checkpoint);
  if (!config) {
    const keys = [...checkpoint.tensors.keys()];
    const other = others.find(([pattern]) => keys.some((key) => pattern.test(key)));
    throw unsupported(checkpoint, {
      where: "its contents",
      expected: "an ESRGAN, BSRGAN or Real-ESRGAN upscaler",
      got: other ? other[1] : describeContents(keys),
    });
  }
  checkTensors(checkpoint, upscalerTensors(config));
  return { checkpoint, config };
}

function rrdbLayoutOf({
  tensors,
}: Checkpoint): { readonly prefix: string; readonly layout: RrdbLayout } | undefined {
  for (const prefix of PREFIXES) {
    const layout = rrdbLayouts.find(({ signature }) => tensors.has(`${prefix}${signature}.weight`));
    if (layout) return { prefix, layout };
  }
  return undefined;
}

function readRrdbNet(checkpoint: Checkpoint): RrdbNetConfig | undefined {
  const found = rrdbLayoutOf(checkpoint);
  return found && describeRrdbNet(checkpoint, found.prefix, found.layout);
}

function describeRrdbNet(checkpoint: Checkpoint, prefix: string, layout: RrdbLayout): RrdbNetConfig {
  const root = keyTree(checkpoint, prefix);
  const numbered = numberedChildren(
    nodeAt(root, layout.blocks),
    prefix + layout.blocks,
    checkpoint.source.name,
  );
  const blocks = layout.trunkIsNumbered ? numbered.length - 1 : numbered.length;
  const upsamples = layout.countUpsamples(root);
  if (!Number.isInteger(upsamples) || upsamples < 0 || upsamples > MAX_UPSAMPLES) {
    throw unsupported(checkpoint, {
      where: "upsampling convolutions",
      expected: `0 to ${MAX_UPSAMPLES}, numbered as ESRGAN does`,
      got: "other numbers",
    });
  }
  const first = prefix + layout.first;
  const [channels, inChannels] = shapeOfRank(checkpoint, `${first}.weight`, 4, CONV);
  const [growth] = shapeOfRank(checkpoint, `${prefix}${layout.signature}.weight`, 4, CONV);
  const unshuffle = Math.sqrt(inChannels / PIXEL_CHANNELS);
  const scale = 2 ** upsamples / unshuffle;
  if (!Number.isInteger(unshuffle) || !Number.isInteger(scale)) {
    throw unsupported(checkpoint, {
      where: `input channels of ${first}`,
      expected: "3, 12 or 48 (RGB pixels, alone or in squares no larger than the upsampling)",
      got: String(inChannels),
    });
  }
  return {
    architecture: "rrdb-net",
    scale,
    unshuffle,
    channels,
    growth,
    first,
    blocks: Array.from({ length: blocks }, (_, block) =>
      Array.from({ length: DENSE_BLOCKS }, (_, dense) =>
        denseBlock(checkpoint, layout, `${prefix}${layout.blocks}.${block}.${layout.dense(dense + 1)}`),
      ),
    ),
    trunk: prefix + layout.trunk(blocks),
    upsamples: Array.from({ length: upsamples }, (_, index) => prefix + layout.upsample(index + 1)),
    high: prefix + layout.high(upsamples),
    last: prefix + layout.last(upsamples),
  };
}

function denseBlock({ tensors }: Checkpoint, layout: RrdbLayout, key: string): DenseBlock {
  const shortcut = `${key}.conv1x1`;
  return {
    convolutions: Array.from(
      { length: DENSE_CONVOLUTIONS },
      (_, index) => `${key}.${layout.convolution(index + 1)}`,
    ),
    ...(tensors.has(`${shortcut}.weight`) ? { shortcut } : {}),
  };
}

function compactPrefix({ tensors }: Checkpoint): string | undefined {
  return PREFIXES.find(
    (prefix) =>
      tensors.get(`${prefix}${COMPACT}.0.weight`)?.shape.length === 4 &&
      tensors.get(`${prefix}${COMPACT}.1.weight`)?.shape.length === 1,
  );
}

function readSrvggNet(checkpoint: Checkpoint): SrvggNetConfig | undefined {
  const { source } = checkpoint;
  const prefix = compactPrefix(checkpoint);
  if (prefix === undefined) return undefined;
  const body = prefix + COMPACT;
  const layers = numberedChildren(nodeAt(keyTree(checkpoint, prefix), COMPACT), body, source.name).length;
  const numbers = Array.from({ length: layers - 1 }, (_, index) => index);
  const last = `${body}.${layers - 1}`;
  const [channels, inChannels] = shapeOfRank(checkpoint, `${body}.0.weight`, 4, CONV);
  const [outChannels] = shapeOfRank(checkpoint, `${last}.weight`, 4, CONV);
  const scale = Math.sqrt(outChannels / PIXEL_CHANNELS);
  if (inChannels !== PIXEL_CHANNELS || !Number.isInteger(scale) || scale > MAX_SCALE) {
    throw unsupported(checkpoint, {
      where: `channels of ${body}.0 and ${last}`,
      expected: `3 in and 3 times a square up to ${3 * MAX_SCALE ** 2} out`,
      got: `${inChannels} in, ${outChannels} out`,
    });
  }
  return {
    architecture: "srvgg-net",
    scale,
    channels,
    convolutions: numbers.filter((number) => number % 2 === 0).map((number) => `${body}.${number}`),
    activations: numbers.filter((number) => number % 2 === 1).map((number) => `${body}.${number}`),
    last,
  };
}
