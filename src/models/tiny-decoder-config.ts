// Reads the configuration of a TAESD decoder (the tiny autoencoder for previews) from names and shapes. Builds nothing.

import type { Checkpoint } from "../weights/checkpoint.ts";
import { keyTree, type KeyNode } from "./key-tree.ts";
import { checkTensors, shapeOfRank, unsupported, type TensorNeed } from "./tensor-checks.ts";

/** One layer, in the order it runs. `key` has no trailing dot. */
export type TinyDecoderLayer =
  /** 3x3; one without a bias stands behind a doubling of the picture. */
  | {
      readonly kind: "conv";
      readonly key: string;
      readonly inChannels: number;
      readonly outChannels: number;
      readonly doubles: boolean;
    }
  /** Three 3x3 convolutions with ReLU around a shortcut, which is a 1x1 convolution where the channels change. */
  | {
      readonly kind: "block";
      readonly key: string;
      readonly inChannels: number;
      readonly outChannels: number;
    };

export interface TinyDecoderConfig {
  readonly latentChannels: number;
  /** Pixels per latent along one side. */
  readonly downscale: number;
  readonly layers: readonly TinyDecoderLayer[];
}

const LATENT_CHANNELS = 4;
const PIXEL_CHANNELS = 3;
const DOWNSCALE = 8;
// The published decoders have 13 layers with weights; the limit bounds what a hostile file can ask for.
const MAX_LAYERS = 64;
const CONV = "[out, in, 3, 3]";

/** Where files keep the decoder: Diffusers, files that hold both halves, and the decoder alone as its author saves it. */
const PREFIXES = ["decoder.layers.", "taesd_decoder.", "decoder.", ""];

const NUMBER = /^(0|[1-9][0-9]{0,3})$/;

function decoderPrefix({ tensors }: Checkpoint): string | undefined {
  return PREFIXES.find((prefix) =>
    [...tensors].some(
      ([key, { shape }]) =>
        key.startsWith(prefix) &&
        /^\d+\.conv\.4\.weight$/.test(key.slice(prefix.length)) &&
        shape.length === 4,
    ),
  );
}

/** Whether the file holds such a network; an encoder alone looks alike and is refused by `detectTinyDecoder`. */
export const hasTinyDecoder = (checkpoint: Checkpoint): boolean => decoderPrefix(checkpoint) !== undefined;

/** @throws AppError UnsupportedModel, MissingTensor or ShapeMismatch. */
export function detectTinyDecoder(checkpoint: Checkpoint): TinyDecoderConfig {
  const prefix = decoderPrefix(checkpoint) ?? "";
  // Layers without weights (activations, doublings) have numbers too, so the numbers have holes.
  const numbered = [...keyTree(checkpoint, prefix).children]
    .filter(([name]) => NUMBER.test(name))
    .sort(([a], [b]) => Number(a) - Number(b));
  if (numbered.length > MAX_LAYERS) {
    throw unsupported(checkpoint, {
      where: "layers of the preview decoder",
      expected: `at most ${MAX_LAYERS}`,
      got: `${numbered.length}`,
    });
  }
  const layers = numbered.map(([name, node]) => readLayer(checkpoint, prefix + name, node));
  const first = layers.at(0)?.inChannels;
  const last = layers.at(-1)?.outChannels;
  const downscale = 2 ** layers.filter((layer) => layer.kind === "conv" && layer.doubles).length;
  if (first !== LATENT_CHANNELS || last !== PIXEL_CHANNELS || downscale !== DOWNSCALE) {
    throw unsupported(checkpoint, {
      where: "the preview decoder",
      expected: `from ${LATENT_CHANNELS} latent channels to ${PIXEL_CHANNELS} colours, ${DOWNSCALE} times as large`,
      got:
        first === PIXEL_CHANNELS
          ? "an encoder alone"
          : `${first} channels to ${last}, ${downscale} times as large`,
    });
  }
  checkTensors(checkpoint, layers.flatMap(layerTensors));
  return { latentChannels: LATENT_CHANNELS, downscale, layers };
}

function readLayer(checkpoint: Checkpoint, key: string, node: KeyNode): TinyDecoderLayer {
  const kind = node.children.has("conv") ? "block" : "conv";
  const first = kind === "block" ? `${key}.conv.0.weight` : `${key}.weight`;
  const [outChannels, inChannels] = shapeOfRank(checkpoint, first, 4, CONV);
  if (kind === "block") return { kind, key, inChannels, outChannels };
  return { kind, key, inChannels, outChannels, doubles: !checkpoint.tensors.has(`${key}.bias`) };
}

function layerTensors(layer: TinyDecoderLayer): readonly TensorNeed[] {
  const { key, inChannels, outChannels } = layer;
  if (layer.kind === "conv") {
    const weight = { key: `${key}.weight`, shape: [outChannels, inChannels, 3, 3] };
    return layer.doubles ? [weight] : [weight, { key: `${key}.bias`, shape: [outChannels] }];
  }
  const convolutions = [0, 2, 4].flatMap((index) => [
    {
      key: `${key}.conv.${index}.weight`,
      shape: [outChannels, index === 0 ? inChannels : outChannels, 3, 3],
    },
    { key: `${key}.conv.${index}.bias`, shape: [outChannels] },
  ]);
  const skip = { key: `${key}.skip.weight`, shape: [outChannels, inChannels, 1, 1] };
  return inChannels === outChannels ? convolutions : [...convolutions, skip];
}
