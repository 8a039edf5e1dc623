// An opened model file: an index of its tensors over a byte source. Holds no tensor bytes and owns nothing to dispose.

import type { ByteSource } from "./byte-source.ts";
import type { TensorInfo } from "./tensor-info.ts";

export interface Checkpoint {
  readonly source: ByteSource;
  /** Tensor by key, in file order. */
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  /** The file's own string metadata (`__metadata__`), hostile until checked. */
  readonly metadata: ReadonlyMap<string, string>;
}
