// What detection says of a published file of any kind. Plain data, no code.

import type { FixedRequest, SuggestedSettings } from "../../protocol/library-api.ts";
import type { ModelType } from "../../protocol/model-manifest.ts";
import type { AnyModel } from "../exports/exported-model.ts";

export interface DetectedFile {
  readonly type: ModelType;
  /** As in ModelRecord: a row of families.ts, or empty. */
  readonly family: string;
  /** Of checkpoints: the networks, every tensor of them checked. */
  readonly model?: AnyModel;
  /** Of embeddings. */
  readonly vectors?: number;
  /** Of LoRAs that were trained for few steps. */
  readonly suggests?: SuggestedSettings;
  /** Of upscalers. */
  readonly scale?: number;
  /** Of ONNX graphs that are used as published, with what they were made for. */
  readonly format?: "onnx";
  readonly fixed?: FixedRequest;
  /** As in ModelRecord, where the index of tensors does not tell. */
  readonly dtype?: string;
}
