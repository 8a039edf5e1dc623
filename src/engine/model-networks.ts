// Where a model's networks come from: graphs built of a checkpoint's weights, or graphs that were published as they are. The loader
// asks for either in the same words. Holds no session.

import type { GraphAdapters } from "../models/adapters/graph-adapters.ts";
import { buildTextEncoder } from "../models/clip-text-encoder.ts";
import type { Dialect, Precision } from "../models/dialects.ts";
import type { ExportedModel } from "../models/exports/exported-model.ts";
import {
  exportedTextEncoder,
  exportedUnet,
  exportedVaeDecoder,
  exportedVaeEncoder,
} from "../models/exports/exported-networks.ts";
import { invalidExport } from "../models/exports/export-error.ts";
import type { AdaptableModel } from "../models/layers/adapter-slots.ts";
import type { DetectedModel, VaeConfig } from "../models/model-config.ts";
import { buildPromptKeys, promptKeyBytes } from "../models/prompt-keys.ts";
import { buildUnet } from "../models/unet.ts";
import { buildVaeDecoder } from "../models/vae-decoder.ts";
import { buildVaeEncoder } from "../models/vae-encoder.ts";
import type { OnnxModel } from "../onnx/onnx-model.ts";
import type { Checkpoint } from "../weights/checkpoint.ts";
import type { UnetShape } from "./ort-components.ts";

type Made<T> = T | Promise<T>;

export interface VaeNetworks {
  decoder(dialect: Dialect, latentHeight: number, latentWidth: number): Made<OnnxModel>;
  encoder(dialect: Dialect, height: number, width: number): Made<OnnxModel>;
}

export interface ModelNetworks {
  /** `index` counts the family's text encoders. */
  textEncoder(
    dialect: Dialect,
    index: number,
    clipSkip: number,
    adapters: GraphAdapters,
  ): Made<AdaptableModel>;
  unet(dialect: Dialect, shape: UnetShape, adapters: GraphAdapters): Made<AdaptableModel>;
  /** Keys and values of the prompt, made once for all steps; absent where the UNet's graph is as published. */
  readonly promptKeys?: PromptKeyNetworks;
  readonly vae: VaeNetworks;
}

export interface PromptKeyNetworks {
  bytesPerToken(precision: Precision): number;
  graph(dialect: Dialect, rows: number, adapters: GraphAdapters): AdaptableModel;
}

export function builtNetworks({ checkpoint, textEncoders, unet, vae }: DetectedModel): ModelNetworks {
  return {
    textEncoder: (dialect, index, clipSkip, adapters) =>
      buildTextEncoder(checkpoint, textEncoders[index], { dialect, clipSkip, replaceable: true, adapters }),
    unet: (dialect, shape, adapters) => buildUnet(checkpoint, unet, { dialect, ...shape, adapters }),
    promptKeys: {
      bytesPerToken: (precision) => promptKeyBytes(unet, precision),
      graph: (dialect, rows, adapters) => buildPromptKeys(checkpoint, unet, { dialect, rows, adapters }),
    },
    vae: builtVae(checkpoint, vae),
  };
}

export function builtVae(checkpoint: Checkpoint, config: VaeConfig): VaeNetworks {
  return {
    decoder: (dialect, latentHeight, latentWidth) =>
      buildVaeDecoder(checkpoint, config, { dialect, batch: 1, latentHeight, latentWidth }),
    encoder: (dialect, height, width) => buildVaeEncoder(checkpoint, config, { dialect, height, width }),
  };
}

/** Published graphs compute as they were exported, whatever the dialect, and have no slots for LoRAs. */
export function exportedNetworks(model: ExportedModel, name: string): ModelNetworks {
  const named = async (graph: Promise<OnnxModel>): Promise<OnnxModel> => ({
    ...(await graph),
    published: name,
  });
  const withoutSlots = async (graph: Promise<OnnxModel>): Promise<AdaptableModel> => ({
    ...(await named(graph)),
    adapterPacks: [],
  });
  return {
    textEncoder: (_dialect, index, clipSkip) =>
      withoutSlots(exportedTextEncoder(model, name, index, clipSkip)),
    unet: (_dialect, shape) => withoutSlots(exportedUnet(model, name, shape)),
    vae: {
      decoder: (_dialect, latentHeight, latentWidth) =>
        named(exportedVaeDecoder(model, latentHeight, latentWidth)),
      encoder: (_dialect, height, width) => {
        const { vaeEncoder } = model.networks;
        if (vaeEncoder) return named(exportedVaeEncoder(model, vaeEncoder, height, width));
        throw invalidExport(
          "modelId",
          name,
          "has no VAE encoder, which reading a picture needs",
          "no such graph",
        );
      },
    },
  };
}
