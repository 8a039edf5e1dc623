// The tiny random-weight checkpoint as the library would open it, and the golden tensors beside it. For tests only; where
// the bytes come from (disk, a test server) is the caller's.

import type { OpenedModel } from "../../src/library/open-model.ts";
import type { ByteSource } from "../../src/weights/byte-source.ts";
import type { Checkpoint } from "../../src/weights/checkpoint.ts";
import { memorySource } from "../../src/weights/memory-source.ts";
import { openSafetensors } from "../../src/weights/safetensors.ts";
import { tinyVocabulary } from "./tiny-vocabulary.ts";

export function tinyModel(modelId: string, source: ByteSource): OpenedModel {
  return {
    source,
    tokenizer: tinyVocabulary,
    record: {
      id: modelId,
      name: "Tiny",
      type: "checkpoint",
      family: "sd1",
      bytes: source.byteLength,
      sha256: "0123456789abcdef".repeat(4),
      origin: "imported",
      fileName: "tiny.safetensors",
      dtype: "F16",
      defaults: {
        width: 64,
        height: 64,
        steps: 4,
        guidanceScale: 5,
        sampler: "Euler",
        schedule: "Automatic",
        clipSkip: 1,
      },
      needs: { memoryBytes: 2 ** 26, features: [] },
      license: "MIT",
      addedAt: 0,
    },
  };
}

/** Tensors of a golden file by key. */
export class GoldenTensors {
  readonly #checkpoint: Checkpoint;

  private constructor(checkpoint: Checkpoint) {
    this.#checkpoint = checkpoint;
  }

  static async of(bytes: Uint8Array): Promise<GoldenTensors> {
    return new GoldenTensors(await openSafetensors(memorySource(bytes, "golden tensors")));
  }

  float32(key: string): Float32Array {
    return new Float32Array(this.#bytes(key));
  }

  int32(key: string): Int32Array {
    return new Int32Array(this.#bytes(key));
  }

  #bytes(key: string): ArrayBuffer {
    const info = this.#checkpoint.tensors.get(key);
    if (!info) throw new Error(`no fixture ${key}`);
    return this.#checkpoint.source.readSync(info.start, info.end).slice().buffer;
  }
}
