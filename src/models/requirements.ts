// Estimates the device memory a generation needs, from configurations alone: exact for weights, the widest point of each
// network for activations. A planning figure for "will it fit"; it knows no allocator and measures nothing.

import { attentionRows } from "./attention-rows.ts";
import { dialects } from "./dialects.ts";
import { isExported, type AnyModel } from "./exports/exported-model.ts";
import { exportedMemoryNeed } from "./exports/exported-requirements.ts";
import type { UnetConfig, UnetLayer, VaeConfig } from "./model-config.ts";
import { textEncoderTensors, unetTensors, vaeTensors } from "./required-tensors.ts";
import type { TensorNeed } from "./tensor-checks.ts";

export interface MemoryRequest {
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  /** Pictures per forward. */
  readonly batchSize: number;
  /** Whether every picture runs twice per forward, with and without its prompt. */
  readonly guided: boolean;
  readonly precision: "float16" | "float32";
  /** How the UNet's and the text encoders' weights lie in memory, where not in the precision they are computed with. */
  readonly weights?: "float16" | "float32";
  /** Whether 3x3 convolutions keep transformed kernels, twice their published size. */
  readonly rowWinograd?: boolean;
  /** Side of the tiles of latents that the VAE works through; the whole picture when left out. */
  readonly vaeTile?: number;
  /** Whether attention keeps its whole score matrix (WASM) or works through it in tiles (WebGPU's fused kernel). */
  readonly wholeScores: boolean;
}

/** All in bytes. */
export interface MemoryNeed {
  /** Weights. */
  readonly textEncoders: number;
  /** Weights. */
  readonly unet: number;
  /** Weights. */
  readonly vae: number;
  readonly unetActivations: number;
  readonly vaeActivations: number;
  /** With all weights resident: what must fit at the worst moment of a generation. */
  readonly total: number;
  /** With one network at a time: the least that a generation can do with. */
  readonly least: number;
  /** The largest single weight or intermediate value. */
  readonly largestBuffer: number;
}

const FLOAT32_BYTES = 4;
// Only WASM keeps whole scores, and of no more rows at once than its kernel takes.
const MAX_WASM_WORK = dialects["wasm-float32"].maxAttentionWork;
// The VAE's attention works through its scores in chunks of rows; the dialects' limits are no larger than this.
const MAX_SCORE_ELEMENTS = (128 * 2 ** 20) / FLOAT32_BYTES;
/** A transformed kernel has 6 rows of 3 where the published one has 3 of 3 (layers/row-winograd.ts). */
const ROW_WINOGRAD_GROWTH = 2;

export function deviceMemoryNeed(model: AnyModel, request: MemoryRequest): MemoryNeed {
  if (isExported(model)) return exportedMemoryNeed(model, request);
  const { unet, vae } = model;
  const { precision, weights = precision, rowWinograd = false, vaeTile = Infinity } = request;
  const elementBytes = bytesPer(precision);
  const latentWidth = request.width / vae.downscale;
  const latentHeight = request.height / vae.downscale;
  const tensors = {
    textEncoders: model.textEncoders.flatMap(textEncoderTensors),
    unet: unetTensors(unet),
    vae: vaeTensors(vae),
  };
  const held = {
    textEncoders: bytesPer(weights) * countElements(tensors.textEncoders),
    unet: bytesPer(weights) * countElements(tensors.unet, rowWinograd),
    // The VAE overflows in half precision and runs in float32 everywhere.
    vae: FLOAT32_BYTES * countElements(tensors.vae, rowWinograd),
  };
  const forwards = request.batchSize * (request.guided ? 2 : 1);
  // Weights that are widened as they are used exist twice then, one at a time.
  const widened = weights === precision ? 0 : elementBytes * largestTensor(tensors.unet);
  const unetActivations =
    elementBytes * forwards * unetPeak(unet, latentWidth * latentHeight, request.wholeScores) + widened;
  // Pictures are decoded one by one, whatever the batch.
  const decoded = vaeDecoderPeak(vae, Math.min(latentWidth, vaeTile) * Math.min(latentHeight, vaeTile));
  const vaeActivations = FLOAT32_BYTES * decoded.alive;
  return {
    ...held,
    unetActivations,
    vaeActivations,
    total: held.textEncoders + held.unet + held.vae + Math.max(unetActivations, vaeActivations),
    least: Math.max(held.textEncoders, held.unet + unetActivations, held.vae + vaeActivations),
    largestBuffer: Math.max(
      bytesPer(weights) * largestTensor([...tensors.textEncoders, ...tensors.unet]),
      FLOAT32_BYTES * largestTensor(tensors.vae),
      FLOAT32_BYTES * decoded.largest,
    ),
  };
}

const bytesPer = (precision: "float16" | "float32"): number => (precision === "float16" ? 2 : FLOAT32_BYTES);

const elements = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

/**
 * With `rowWinograd`, every 3x3 kernel counts as transformed; at a few sizes the smallest maps' are not. Kernels behind a doubling
 * keep their size (layers/doubling-convolution.ts).
 */
function countElements(needs: readonly TensorNeed[], rowWinograd = false): number {
  const is3x3 = (shape: readonly number[]): boolean => shape.length === 4 && shape[2] === 3 && shape[3] === 3;
  return needs.reduce(
    (sum, { shape, doubles }) =>
      sum + elements(shape) * (rowWinograd && is3x3(shape) && !doubles ? ROW_WINOGRAD_GROWTH : 1),
    0,
  );
}

function largestTensor(needs: readonly TensorNeed[]): number {
  return needs.reduce((largest, { shape }) => Math.max(largest, elements(shape)), 0);
}

/** Elements alive at once, for one picture: the skip connections kept so far and the widest layer running beside them. */
function unetPeak(config: UnetConfig, latents: number, wholeScores: boolean): number {
  let peak = 0;
  let positions = latents; // at the current resolution
  let kept = 0;
  const skips: number[] = [];
  const run = (layer: UnetLayer): void => {
    peak = Math.max(peak, kept + positions * unetLayerWidth(layer, positions, wholeScores));
    if (layer.kind === "downsample") positions /= 4;
    if (layer.kind === "upsample") positions *= 4;
  };
  for (const { layers } of config.inputBlocks) {
    layers.forEach(run);
    const skip = positions * outChannelsOf(layers[layers.length - 1]);
    skips.push(skip);
    kept += skip;
  }
  config.middleBlock?.layers.forEach(run);
  for (const { layers } of config.outputBlocks) {
    kept -= skips.pop() ?? 0; // it becomes part of the first layer's input
    layers.forEach(run);
  }
  return peak;
}

function outChannelsOf(layer: UnetLayer): number {
  return layer.kind === "conv" || layer.kind === "resnet" ? layer.outChannels : layer.channels;
}

/** Values alive per position while a layer runs. */
function unetLayerWidth(layer: UnetLayer, positions: number, wholeScores: boolean): number {
  switch (layer.kind) {
    case "conv":
      return layer.inChannels + layer.outChannels;
    case "resnet":
      return residualWidth(layer.inChannels, layer.outChannels);
    case "transformer": {
      // The block's input and the running value stay; beside them either q, k, v and the result, or the gated MLP's
      // projection (8 widths) and product (4).
      const headWidth = layer.channels / layer.heads;
      const rows = attentionRows({ headWidth, queries: positions, keys: positions }, MAX_WASM_WORK);
      const attention = 4 * layer.channels + (wholeScores ? layer.heads * rows : 0);
      return 2 * layer.channels + Math.max(attention, 12 * layer.channels);
    }
    case "downsample":
      return 1.25 * layer.channels;
    case "upsample":
      return 8 * layer.channels + layer.channels; // enlarged and convolved, at four times the positions
    default:
      return layer satisfies never;
  }
}

/** The input, kept for the sum, and the normalised and convolved values of the wider side. */
function residualWidth(inChannels: number, outChannels: number): number {
  return inChannels + Math.max(inChannels, outChannels) + outChannels;
}

/** Elements, for one picture of so many latents: alive at once, and in the largest single value. */
function vaeDecoderPeak(
  config: VaeConfig,
  latents: number,
): { readonly alive: number; readonly largest: number } {
  let alive = 0;
  let largest = 0;
  let positions = latents;
  const reach = (value: number, together: number): void => {
    largest = Math.max(largest, value);
    alive = Math.max(alive, together);
  };
  for (const layer of config.decoder) {
    switch (layer.kind) {
      case "conv":
        reach(
          positions * Math.max(layer.inChannels, layer.outChannels),
          positions * (layer.inChannels + layer.outChannels),
        );
        break;
      case "resnet":
        reach(
          positions * Math.max(layer.inChannels, layer.outChannels),
          positions * residualWidth(layer.inChannels, layer.outChannels),
        );
        break;
      case "attention": {
        // One head: input, q, k, v; beside them a chunk of scores before and after the softmax.
        const scores = Math.min(positions ** 2, Math.max(positions, MAX_SCORE_ELEMENTS));
        reach(Math.max(positions * layer.channels, scores), positions * 4 * layer.channels + 2 * scores);
        break;
      }
      case "upsample":
        positions *= 4;
        reach(positions * layer.channels, positions * 2.25 * layer.channels);
        break;
      case "downsample":
        positions /= 4;
        break;
      case "norm":
        reach(positions * layer.channels, positions * 2 * layer.channels);
        break;
      default:
        return layer satisfies never;
    }
  }
  return { alive, largest };
}
