// Estimates the device memory of a model that is published as ONNX graphs: exact for weights, which are counted in the files; for
// values between layers what Stable Diffusion's networks take, as there is no configuration to compute it from.

import { onnxElementBytes, type OnnxWeight } from "../../weights/onnx/onnx-file.ts";
import type { MemoryNeed, MemoryRequest } from "../requirements.ts";
import type { ExportedModel, ExportedNetwork } from "./exported-model.ts";

// Of SD 1.5, 2.1 and SDXL alike: 320 channels at the first level, 12 widths of it in a transformer's MLP, and what is kept for the
// way up.
const UNET_VALUES_PER_LATENT = 6000;
const HEADS = 8;
// At the widest point of the decoder: 128 channels at full size, in and out of a residual block and its sum.
const DECODER_VALUES_PER_PIXEL = 384;
const FLOAT32_BYTES = 4;

export function exportedMemoryNeed(model: ExportedModel, request: MemoryRequest): MemoryNeed {
  const { textEncoders, unet, vaeDecoder } = model.networks;
  const { downscale } = model.vae;
  const [latentHeight, latentWidth] = [request.height / downscale, request.width / downscale];
  const batch = model.fixed.batch ?? request.batchSize * (request.guided ? 2 : 1);
  const held = {
    textEncoders: textEncoders.reduce((sum, { bytes }) => sum + bytes, 0),
    unet: unet.bytes,
    vae: vaeDecoder.bytes,
  };
  const unetActivations = unetWorkingBytes(model, { batch, latentHeight, latentWidth });
  const vaeActivations = decoderWorkingBytes(model, latentHeight * latentWidth);
  return {
    ...held,
    unetActivations,
    vaeActivations,
    total: held.textEncoders + held.unet + held.vae + Math.max(unetActivations, vaeActivations),
    least: Math.max(held.textEncoders, held.unet + unetActivations, held.vae + vaeActivations),
    largestBuffer: Math.max(...[...textEncoders, unet, vaeDecoder].map(largestWeight)),
  };
}

export function unetWorkingBytes(
  { networks: { unet }, family }: ExportedModel,
  { batch, latentHeight, latentWidth }: { batch: number; latentHeight: number; latentWidth: number },
): number {
  const positions = latentHeight * latentWidth;
  // SDXL attends from the second level on, the others from the first; exports hold the whole score matrix.
  const attended = family.matches.classEmbedding ? positions / 4 : positions;
  return (
    batch * (UNET_VALUES_PER_LATENT * positions * elementBytes(unet) + HEADS * attended ** 2 * FLOAT32_BYTES)
  );
}

export function decoderWorkingBytes(
  { networks: { vaeDecoder }, vae }: ExportedModel,
  positions: number,
): number {
  const values = DECODER_VALUES_PER_PIXEL * positions * vae.downscale ** 2;
  return Math.max(values * elementBytes(vaeDecoder), 2 * positions ** 2 * FLOAT32_BYTES);
}

/** Of what flows between layers: that of the first input. */
const elementBytes = ({ graph }: ExportedNetwork): number =>
  onnxElementBytes.get(graph.file.inputs[0].elementType) ?? FLOAT32_BYTES;

function largestWeight({ graph }: ExportedNetwork): number {
  const bytes = ({ shape, elementType }: OnnxWeight): number =>
    shape.reduce((product, size) => product * size, onnxElementBytes.get(elementType) ?? 1);
  return graph.file.weights.reduce((largest, weight) => Math.max(largest, bytes(weight)), 0);
}
