// The benchmark as the page sees it: one run at a time in a worker of its own, which ends with it. Measures nothing itself.

import { proxy } from "comlink";
import { AppError, isAppError } from "../protocol/app-error.ts";
import type {
  Benchmark,
  BenchmarkProgress,
  BenchmarkReport,
  BenchmarkRequest,
} from "../protocol/benchmark-api.ts";
import { WorkerHost, type StartWorker } from "./worker-host.ts";

const startBenchmarkWorker: StartWorker = (name) =>
  new Worker(new URL("../workers/benchmark.worker.ts", import.meta.url), { type: "module", name });

export class BenchmarkClient {
  readonly #host: WorkerHost<Benchmark>;
  readonly #baseUrl: string;

  /** `baseUrl`: absolute URL of the folder the app is served from. */
  constructor(baseUrl: string, startWorker: StartWorker = startBenchmarkWorker) {
    this.#baseUrl = baseUrl;
    this.#host = new WorkerHost("benchmark", startWorker);
  }

  /** Rejects with Interrupted when `signal` aborts: the worker is ended, and its memory is given back at once. */
  async run(
    request: BenchmarkRequest,
    onProgress: (progress: BenchmarkProgress) => void,
    signal?: AbortSignal,
  ): Promise<BenchmarkReport> {
    signal?.throwIfAborted();
    const stop = (): void => this.#host.terminate("it was cancelled.");
    signal?.addEventListener("abort", stop);
    try {
      return await this.#host.call((benchmark) => benchmark.run(request, this.#baseUrl, proxy(onProgress)));
    } catch (error) {
      if (!signal?.aborted || !isAppError(error, "WorkerLost")) throw error;
      throw new AppError(
        "Interrupted",
        "The benchmark was cancelled.",
        { where: "benchmark" },
        { cause: error },
      );
    } finally {
      signal?.removeEventListener("abort", stop);
      this.#host.terminate("it has finished.");
    }
  }
}
