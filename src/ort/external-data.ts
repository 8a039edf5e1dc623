// Hands a model's big initializers to the runtime tensor by tensor, without a second copy. Knows nothing of files.

import type { ExternalData } from "../onnx/onnx-model.ts";
import type { OrtBuild } from "./ort-build.ts";

/** What went wrong while the runtime read weights: its loader reports only a number, so the cause is kept here. */
export interface ExternalDataFailure {
  error?: unknown;
}

/** A virtual external-data file of the runtime's `externalData` option. */
export interface ExternalFile {
  readonly path: string;
  readonly data: Blob | Uint8Array;
}

// Of a tensor that is handed over as stored. Large enough that a few reads serve a whole tensor.
const PART_BYTES = 4 * 2 ** 20;

/**
 * A Blob whose bytes are made when the runtime asks. The JSPI build reads `slice(a, b).stream()` and nothing else, once per
 * tensor, so only that is implemented.
 * Must not give out a file's own stream: the runtime reads such a one with a BYOB reader that nothing else refers to, and Chromium
 * collects that as garbage while the read waits for the disk. The read then never ends, which a busy machine makes likely.
 */
class LazyBlob extends Blob {
  readonly #tensor: ExternalData;
  readonly #failure: ExternalDataFailure;

  constructor(tensor: ExternalData, failure: ExternalDataFailure) {
    super();
    this.#tensor = tensor;
    this.#failure = failure;
  }

  override get size(): number {
    return this.#tensor.byteLength;
  }

  override slice(start = 0, end = this.size): Blob {
    const tensor = this.#tensor;
    const failure = this.#failure;
    let at = start;
    const next = async (): Promise<Uint8Array<ArrayBuffer>> => {
      const from = at;
      at = tensor.readPart ? Math.min(from + PART_BYTES, end) : end;
      return tensor.readPart ? tensor.readPart(from, at) : (await tensor.read()).subarray(from, at);
    };
    const stream = (): ReadableStream<Uint8Array<ArrayBuffer>> =>
      new ReadableStream({
        async pull(controller) {
          try {
            controller.enqueue(await next());
            if (at >= end) controller.close();
          } catch (error) {
            failure.error ??= error;
            controller.error(error);
          }
        },
      });
    return Object.defineProperty(new Blob(), "stream", { value: stream });
  }
}

/** The same for builds that cannot wait: they call `subarray` on what they take for bytes in memory. */
class LazyUint8Array extends Uint8Array {
  #tensor: ExternalData | undefined;
  #failure: ExternalDataFailure | undefined;

  static over(tensor: ExternalData, failure: ExternalDataFailure): LazyUint8Array {
    const lazy = new LazyUint8Array(0);
    lazy.#tensor = tensor;
    lazy.#failure = failure;
    Object.defineProperty(lazy, "byteLength", { value: tensor.byteLength });
    return lazy;
  }

  override subarray(start = 0, end?: number): Uint8Array<ArrayBuffer> {
    if (!this.#tensor) return new Uint8Array(this).subarray(start, end);
    try {
      return this.#tensor.readSync().subarray(start, end);
    } catch (error) {
      if (this.#failure) this.#failure.error ??= error;
      throw error;
    }
  }
}

/** One virtual file per tensor: offsets stay 0, because the asyncify build wraps them at 4 GiB. */
export function externalFiles(
  tensors: readonly ExternalData[],
  build: OrtBuild,
  failure: ExternalDataFailure,
): ExternalFile[] {
  return tensors.map((tensor) => ({
    path: tensor.location,
    data: build.name === "jspi" ? new LazyBlob(tensor, failure) : LazyUint8Array.over(tensor, failure),
  }));
}
