// Collects the raw tensors of a job's first picture for comparison with other implementations, when the request asks.

import type { Conditioning, PixelTensor } from "../pipeline/components.ts";
import type { DumpedTensor } from "../protocol/generation-request.ts";

export class TensorDump {
  readonly tensors: Record<string, DumpedTensor> = {};
  readonly wanted: boolean;

  constructor(wanted: boolean) {
    this.wanted = wanted;
  }

  conditioning(name: "conditioning" | "unconditional", conditioning: Conditioning | undefined): void {
    if (!this.wanted || !conditioning) return;
    this.tensors[name] = { shape: [1, conditioning.tokens, conditioning.width], data: conditioning.context };
  }

  /** `values` holds a batch; its first picture, of the given shape, is kept. */
  latents(name: "noise" | "latents", shape: readonly number[], values: Float32Array): void {
    const length = shape.reduce((product, side) => product * side, 1);
    if (this.wanted) this.tensors[name] = { shape: [1, ...shape], data: values.slice(0, length) };
  }

  /** Kept in 0..1. */
  image({ width, height, data }: PixelTensor): void {
    if (!this.wanted) return;
    const unit = data.map((value) => Math.min(1, Math.max(0, (value + 1) / 2)));
    this.tensors.image = { shape: [3, height, width], data: unit };
  }
}
