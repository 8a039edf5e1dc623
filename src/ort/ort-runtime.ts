// Owns one device and everything that runs on it: creates sessions, serialises their runs, notices a lost device.

import type { OnnxModel } from "../onnx/onnx-model.ts";
import { isAppError } from "../protocol/app-error.ts";
import type { ComputeDevice } from "./compute-device.ts";
import { externalFiles, type ExternalDataFailure } from "./external-data.ts";
import type { OrtBuild } from "./ort-build.ts";
import { OrtSession } from "./ort-session.ts";
import { publishedFailure } from "./published-failure.ts";
import { deviceLost, outOfMemory, runtimeFailure } from "./runtime-failure.ts";
import { SerialQueue } from "./serial-queue.ts";

const LOSS_NEWS_MS = 200;
// Sums of constants are folded; nothing as large as a weight is, or it would be in memory twice.
const MAX_FOLDED_BYTES = 64 * 2 ** 10;

const delay = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

export class OrtRuntime {
  readonly build: OrtBuild;
  readonly device: ComputeDevice;
  readonly #queue = new SerialQueue();
  readonly #lost: Promise<never>;
  #lostReason: string | undefined;
  #disposed = false;
  #gpuError: GPUError | undefined;
  #seconds = 0;

  constructor(build: OrtBuild, device: ComputeDevice) {
    this.build = build;
    this.device = device;
    this.#lost =
      device.kind === "webgpu"
        ? device.gpu.lost.then((info) => {
            this.#lostReason = info.message || info.reason;
            throw deviceLost("GPU device", this.#lostReason);
          })
        : new Promise<never>(() => undefined);
    this.#lost.catch(() => undefined); // a loss between jobs is reported by the next call
    if (device.kind === "webgpu") {
      device.gpu.addEventListener("uncapturederror", (event) => (this.#gpuError ??= event.error));
    }
  }

  /** False once the device is gone: the owner then makes a new runtime. */
  get usable(): boolean {
    return this.#lostReason === undefined && !this.#disposed;
  }

  /** Seconds spent inside the runtime and waiting for its device since the start, for measuring our own share. */
  get busySeconds(): number {
    return this.#seconds;
  }

  /** `outputs` says where results stay: in this worker's memory, or in device buffers for the next run. */
  async createSession(model: OnnxModel, outputs: "cpu" | "device"): Promise<OrtSession> {
    const failure: ExternalDataFailure = {};
    const onGpu = this.device.kind === "webgpu";
    const onDevice = onGpu && outputs === "device";
    const session = await this.#call(model.name, async () => {
      try {
        return await this.build.ort.InferenceSession.create(model.proto, {
          executionProviders:
            this.device.kind === "webgpu"
              ? [{ name: "webgpu", device: this.device.gpu, storageBufferCacheMode: "simple" }]
              : ["wasm"],
          externalData: externalFiles(model.externals, this.build, failure),
          preferredOutputLocation: onDevice ? "gpu-buffer" : "cpu",
          // The last level ("all") widens weights for good, whatever the size limit below says.
          graphOptimizationLevel: model.widensWeights ? "layout" : "all",
          logSeverityLevel: 3,
          extra: {
            optimization: { constant_folding_max_output_size_in_bytes: String(MAX_FOLDED_BYTES) },
          },
        });
      } catch (error) {
        throw failure.error ?? error;
      }
    }).catch((error: unknown) => {
      throw publishedFailure(error, model, this.device.kind, "making");
    });
    return new OrtSession(this, session, model, onDevice);
  }

  /** Waits for the device, counting the time as the runtime's; used for reading results back. */
  waitForDevice<T>(where: string, task: () => Promise<T>): Promise<T> {
    return this.#timed(where, task);
  }

  /** Runs a task of a session in turn. Not for other folders. */
  inTurn<T>(where: string, task: () => Promise<T>): Promise<T> {
    return this.#call(where, task);
  }

  /** Destroys the device; every session must have been released before. */
  dispose(): void {
    this.#disposed = true;
    if (this.device.kind === "webgpu") this.device.gpu.destroy();
  }

  #call<T>(where: string, task: () => Promise<T>): Promise<T> {
    return this.#queue.run(() => this.#timed(where, task));
  }

  async #timed<T>(where: string, task: () => Promise<T>): Promise<T> {
    if (this.#lostReason !== undefined) throw deviceLost(where, this.#lostReason);
    const start = performance.now();
    try {
      // A call that waits on a lost device may never settle by itself.
      const result = await Promise.race([task(), this.#lost]);
      this.#throwGpuError(where);
      return result;
    } catch (error) {
      const failure = runtimeFailure(error, where);
      if (isAppError(failure)) throw failure;
      // A call on a dying device may fail in any words, a little before the browser says that it is lost.
      if (this.device.kind === "webgpu")
        await Promise.race([this.#lost.catch(() => undefined), delay(LOSS_NEWS_MS)]);
      throw this.#lostReason === undefined ? failure : deviceLost(where, this.#lostReason, error);
    } finally {
      this.#seconds += (performance.now() - start) / 1000;
    }
  }

  #throwGpuError(where: string): void {
    const error = this.#gpuError;
    if (!error) return;
    this.#gpuError = undefined;
    throw error instanceof GPUOutOfMemoryError
      ? outOfMemory(where, error.message, error)
      : new Error(error.message);
  }
}
