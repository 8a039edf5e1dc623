// Picks the onnxruntime-web build this browser should run and sets its environment. Loads nothing until asked.

import type * as OnnxRuntime from "onnxruntime-web";
import { AppError } from "../protocol/app-error.ts";

/** The runtime's module namespace; all builds share one interface. */
export type Ort = typeof OnnxRuntime;

export interface OrtBuild {
  readonly ort: Ort;
  /** "jspi" (smaller, reads external data lazily from Blobs), "asyncify" or, outside browsers, "node". */
  readonly name: "jspi" | "asyncify" | "node";
  readonly threads: number;
}

/** Names the module of each build; both builds hold the WebGPU provider and the CPU kernels. */
const BUILDS = {
  jspi: (): Promise<Ort> => import("onnxruntime-web/jspi"),
  asyncify: (): Promise<Ort> => import("onnxruntime-web/webgpu"),
};

/**
 * Worker threads of the CPU kernels. Without cross-origin isolation there is no shared memory, so one. With it, half the
 * logical cores (hyper-threads share the vector units), from four cores up: two threads on two cores measured no gain.
 */
export function threadCount(isolated: boolean, logicalCores: number): number {
  return isolated && logicalCores >= 4 ? Math.min(8, Math.floor(logicalCores / 2)) : 1;
}

/** Loads the runtime: JSPI where the browser has it, else asyncify. Rejects with Unsupported when WebAssembly is off. */
export async function loadOrt(): Promise<OrtBuild> {
  if (typeof WebAssembly !== "object") {
    throw new AppError(
      "Unsupported",
      "This browser has WebAssembly switched off, and Kiln cannot run without it.",
      {
        where: "runtime",
        expected: "WebAssembly",
        got: "nothing",
      },
    );
  }
  const name = "Suspending" in WebAssembly ? "jspi" : "asyncify";
  const threads = threadCount(globalThis.crossOriginIsolated, navigator.hardwareConcurrency);
  try {
    const ort = await BUILDS[name]();
    configureOrt(ort, threads);
    return { ort, name, threads };
  } catch (error) {
    throw new AppError(
      "Network",
      "The neural network runtime could not be loaded. Connect to the internet once and reload.",
      { where: `onnxruntime-web (${name})`, got: String(error) },
      { cause: error },
    );
  }
}

/** The settings every build runs with. The engine is in a worker of its own already, so the runtime's proxy stays off. */
export function configureOrt(ort: Ort, threads: number): void {
  ort.env.wasm.numThreads = threads;
  ort.env.wasm.proxy = false;
  ort.env.logLevel = "error";
}
