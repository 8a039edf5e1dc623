// What detection says of a published file of any kind. Plain data, no code.

import type { SuggestedSettings } from "../../protocol/library-api.ts";
import type { ModelType } from "../../protocol/model-manifest.ts";
import type { DetectedModel } from "../model-config.ts";

export interface DetectedFile {
  readonly type: ModelType;
  /** As in ModelRecord: a row of families.ts, or empty. */
  readonly family: string;
  /** Of checkpoints: the networks, every tensor of them checked. */
  readonly model?: DetectedModel;
  /** Of embeddings. */
  readonly vectors?: number;
  /** Of LoRAs that were trained for few steps. */
  readonly suggests?: SuggestedSettings;
  /** Of upscalers. */
  readonly scale?: number;
}
