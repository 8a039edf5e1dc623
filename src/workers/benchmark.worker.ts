// The benchmark's worker: wires it to the canvas, the shipped tokenizer and the port. Ended to end a benchmark.

import { expose } from "comlink";
import { runBenchmark } from "../engine/benchmark/benchmark.ts";
import { encodePng } from "../engine/encode-png.ts";
import { fetchClipTokenizer } from "../library/shipped-tokenizers.ts";
import type { Benchmark } from "../protocol/benchmark-api.ts";
import { carryErrorDetails } from "./error-transfer.ts";
import { holdLifeLock } from "./life-lock.ts";

const api: Benchmark = {
  run: (request, baseUrl, onProgress) =>
    runBenchmark(
      request,
      {
        encodePng,
        tokenizer: () => fetchClipTokenizer(baseUrl),
        software: navigator.userAgent,
        deviceMemoryGib: (navigator as { readonly deviceMemory?: number }).deviceMemory, // Chromium alone tells it
      },
      onProgress,
    ),
};

carryErrorDetails();
holdLifeLock();
expose(api);
