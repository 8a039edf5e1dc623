// A graph that somebody else made, to be put unchanged between nodes of ours. Plain data; who reads it out of a file is
// models/exports/.

import type { ExternalData } from "./onnx-model.ts";

export interface EmbeddedGraph {
  readonly irVersion: number;
  /** These hold for the nodes around it too. */
  readonly opsets: readonly { readonly domain: string; readonly version: number }[];
  /** Encoded fields of its GraphProto: everything but inputs, outputs and `weights`. */
  readonly fields: readonly Uint8Array[];
  /** Encoded fields of its ModelProto: functions that nodes call. */
  readonly functions: readonly Uint8Array[];
  readonly weights: readonly EmbeddedWeight[];
  /** What its values take at its widest point, as far as anyone can tell. */
  readonly workingBytes: number;
}

export interface EmbeddedWeight {
  readonly name: string;
  /** TensorProto.DataType: graphs of others may hold types that ours never do. */
  readonly elementType: number;
  readonly shape: readonly number[];
  /** Few bytes are kept inside the model. */
  readonly data: ExternalData | Uint8Array;
}
