// Runs a benchmark for the page and keeps where it stands. Measures nothing itself.

import { isAppError, serializeError, type SerializedError } from "../../protocol/app-error.ts";
import type { BenchmarkProgress, BenchmarkReport, BenchmarkRequest } from "../../protocol/benchmark-api.ts";
import { Observable } from "./observable.ts";

/** As client/benchmark-client.ts has it. */
export interface BenchmarkRunner {
  run(
    request: BenchmarkRequest,
    onProgress: (progress: BenchmarkProgress) => void,
    signal?: AbortSignal,
  ): Promise<BenchmarkReport>;
}

export interface BenchmarkState {
  readonly running: boolean;
  readonly progress?: BenchmarkProgress;
  /** Of the last run that ended. */
  readonly report?: BenchmarkReport;
  readonly error?: SerializedError;
}

export class BenchmarkController {
  readonly state = new Observable<BenchmarkState>({ running: false });
  readonly #runner: BenchmarkRunner;
  /** Gives back what the engine holds of the device, so that it is neither short nor counted. */
  readonly #freeDevice: () => Promise<void>;
  #cancellation: AbortController | undefined;

  constructor(runner: BenchmarkRunner, freeDevice: () => Promise<void>) {
    this.#runner = runner;
    this.#freeDevice = freeDevice;
  }

  /** Resolves when it has ended, well or not. A second start while one runs does nothing. */
  async start(request: BenchmarkRequest): Promise<void> {
    if (this.#cancellation) return;
    const cancellation = new AbortController();
    this.#cancellation = cancellation;
    this.state.set({ running: true });
    try {
      await this.#freeDevice();
      const report = await this.#runner.run(
        request,
        (progress) => {
          if (this.#cancellation === cancellation) this.state.patch({ progress });
        },
        cancellation.signal,
      );
      this.state.set({ running: false, report });
    } catch (error) {
      const cancelled = cancellation.signal.aborted || isAppError(error, "Interrupted");
      this.state.set(cancelled ? { running: false } : { running: false, error: serializeError(error) });
    } finally {
      this.#cancellation = undefined;
    }
  }

  cancel(): void {
    this.#cancellation?.abort();
  }
}
