// A benchmark for tests of the page: it goes on when told to, and its report is a constant.

import { AppError } from "../../src/protocol/app-error.ts";
import {
  BENCHMARK_VERSION,
  type BenchmarkProgress,
  type BenchmarkReport,
  type BenchmarkRequest,
} from "../../src/protocol/benchmark-api.ts";
import type { BenchmarkRunner } from "../../src/ui/controllers/benchmark-controller.ts";

export function fakeReport(changes: Partial<BenchmarkReport> = {}): BenchmarkReport {
  return {
    version: BENCHMARK_VERSION,
    implementation: "kiln",
    size: "small",
    device: "a test's device",
    precision: "float16",
    software: "a test",
    components: [
      {
        model: "sd-1.5",
        component: "unet",
        shape: "batch 2, 16x16 latents",
        createSeconds: 1.25,
        firstSeconds: 0.5,
        steadySeconds: 0.04,
        runs: 5,
        peakBytes: 3 * 2 ** 20,
        heldBytes: 2 ** 20,
        operatorSeconds: { convolution: 0.03, attention: 0.01 },
        finite: true,
      },
    ],
    pictures: [],
    ...changes,
  };
}

export class FakeBenchmark implements BenchmarkRunner {
  readonly requests: BenchmarkRequest[] = [];
  /** Ends the run under way. */
  finish: (report: BenchmarkReport) => void = () => undefined;
  fail: (error: Error) => void = () => undefined;
  tell: (progress: BenchmarkProgress) => void = () => undefined;

  run(
    request: BenchmarkRequest,
    onProgress: (progress: BenchmarkProgress) => void,
    signal?: AbortSignal,
  ): Promise<BenchmarkReport> {
    this.requests.push(request);
    this.tell = onProgress;
    return new Promise((resolve, reject) => {
      this.finish = resolve;
      this.fail = reject;
      signal?.addEventListener("abort", () =>
        reject(new AppError("Interrupted", "The benchmark was cancelled.", { where: "benchmark" })),
      );
    });
  }
}
