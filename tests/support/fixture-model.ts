// Opens the tiny random-weight checkpoint and the golden tensors beside it, as the library would. For tests only.

import { readFileSync } from "node:fs";
import type { OpenedModel } from "../../src/library/open-model.ts";
import type { Checkpoint } from "../../src/weights/checkpoint.ts";
import { memorySource } from "../../src/weights/memory-source.ts";
import { openSafetensors } from "../../src/weights/safetensors.ts";
import { tinyVocabulary } from "./tiny-vocabulary.ts";

const FIXTURES = new URL("../fixtures/models/", import.meta.url);

function fixtureBytes(name: string): Uint8Array {
  return readFileSync(new URL(name, FIXTURES));
}

export function openTinyModel(modelId: string): Promise<OpenedModel> {
  const bytes = fixtureBytes("tiny.safetensors");
  return Promise.resolve({
    source: memorySource(bytes, "tiny.safetensors"),
    tokenizer: tinyVocabulary,
    record: {
      id: modelId,
      name: "Tiny",
      type: "checkpoint",
      family: "sd1",
      bytes: bytes.length,
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
  });
}

/** Tensors of a golden file by key. */
export class GoldenTensors {
  readonly #checkpoint: Checkpoint;

  private constructor(checkpoint: Checkpoint) {
    this.#checkpoint = checkpoint;
  }

  static async open(name: string): Promise<GoldenTensors> {
    return new GoldenTensors(await openSafetensors(memorySource(fixtureBytes(name), name)));
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
