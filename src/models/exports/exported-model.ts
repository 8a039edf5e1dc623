// The typed description of a model that is published as ONNX graphs: its traits, like any model's, and the graphs with what their
// exporter fixed. Plain data, no code.

import type { FolderFile } from "../../weights/diffusers-folder.ts";
import type { FolderGraph } from "../../weights/onnx/onnx-folder.ts";
import type { DetectedModel, ModelTraits } from "../model-config.ts";

export interface ExportedNetwork {
  readonly graph: FolderGraph;
  /** Of its weights. */
  readonly bytes: number;
}

/** What an export was made for; absent where every run may bring its own. */
export interface FixedShapes {
  /** Of pictures, in pixels. */
  readonly width?: number;
  readonly height?: number;
  /** Latents per forward of the UNet. */
  readonly batch?: number;
  /** Of a prompt. */
  readonly tokens?: number;
}

export interface ExportedModel extends ModelTraits {
  readonly networks: {
    /** In the family's order. */
    readonly textEncoders: readonly ExportedNetwork[];
    readonly unet: ExportedNetwork;
    readonly vaeDecoder: ExportedNetwork;
    readonly vaeEncoder?: ExportedNetwork;
  };
  readonly fixed: FixedShapes;
  /** The element type that most weights have, by its safetensors name. */
  readonly dtype: string;
  /** What the model consists of: graphs, files of weights, configurations, tokenizer. */
  readonly files: readonly FolderFile[];
}

export type AnyModel = DetectedModel | ExportedModel;

export const isExported = (model: AnyModel): model is ExportedModel => "networks" in model;
