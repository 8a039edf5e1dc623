// Estimates the device memory a generation needs, from configurations alone: exact for weights, the widest point of each
// network for activations. A planning figure for "will it fit"; it knows no allocator and measures nothing.

import type { DetectedModel, UnetConfig, UnetLayer, VaeConfig } from "./model-config.ts";
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
  /** Whether attention keeps its whole score matrix (WASM) or works through it in tiles (WebGPU's fused kernel). */
  readonly wholeScores: boolean;
}

/** All in bytes. */
export interface MemoryNeed {
  readonly textEncoders: number;
  readonly unet: number;
  readonly vae: number;
  readonly unetActivations: number;
  readonly vaeActivations: number;
  /** With all weights resident: what must fit at the worst moment of a generation. */
  readonly total: number;
}

const FLOAT32_BYTES = 4;

export function deviceMemoryNeed(model: DetectedModel, request: MemoryRequest): MemoryNeed {
  const { unet, vae } = model;
  const elementBytes = request.precision === "float16" ? 2 : FLOAT32_BYTES;
  const latents = (request.width / vae.downscale) * (request.height / vae.downscale);
  const weights = {
    textEncoders: elementBytes * countElements(model.textEncoders.flatMap(textEncoderTensors)),
    unet: elementBytes * countElements(unetTensors(unet)),
    // The VAE overflows in half precision and runs in float32 everywhere.
    vae: FLOAT32_BYTES * countElements(vaeTensors(vae)),
  };
  const forwards = request.batchSize * (request.guided ? 2 : 1);
  const unetActivations = elementBytes * forwards * unetPeak(unet, latents, request.wholeScores);
  const vaeActivations = FLOAT32_BYTES * request.batchSize * vaeDecoderPeak(vae, latents);
  const resident = weights.textEncoders + weights.unet + weights.vae;
  return {
    ...weights,
    unetActivations,
    vaeActivations,
    total: resident + Math.max(unetActivations, vaeActivations),
  };
}

function countElements(needs: readonly TensorNeed[]): number {
  return needs.reduce((sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1), 0);
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
      const attention = 4 * layer.channels + (wholeScores ? layer.heads * positions : 0);
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

function vaeDecoderPeak(config: VaeConfig, latents: number): number {
  let peak = 0;
  let positions = latents;
  for (const layer of config.decoder) {
    switch (layer.kind) {
      case "conv":
        peak = Math.max(peak, positions * (layer.inChannels + layer.outChannels));
        break;
      case "resnet":
        peak = Math.max(peak, positions * residualWidth(layer.inChannels, layer.outChannels));
        break;
      case "attention":
        // One head: input, q, k, v and the scores, whole in the worst case.
        peak = Math.max(peak, positions * (4 * layer.channels + positions));
        break;
      case "upsample":
        peak = Math.max(peak, positions * 9 * layer.channels);
        positions *= 4;
        break;
      case "downsample":
        positions /= 4;
        break;
      case "norm":
        peak = Math.max(peak, positions * 2 * layer.channels);
        break;
      default:
        return layer satisfies never;
    }
  }
  return peak;
}
