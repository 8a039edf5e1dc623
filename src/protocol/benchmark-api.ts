// The wall between the page and the benchmark's worker: what to measure, and the report, which other implementations write too
// (tools/bench). Plain data only.

import type { DevicePreference } from "./engine-api.ts";

/** Of the report's format: files of another version are not put side by side. */
export const BENCHMARK_VERSION = 1;

export type BenchmarkSize = "full" | "small";

export const BENCHMARK_MODELS = ["sd-1.5", "sd-2.1-base", "sdxl", "rrdbnet-x4"] as const;
export type BenchmarkModel = (typeof BENCHMARK_MODELS)[number];

/** Another program's export of one component, run by the same runtime on the same inputs. */
export interface ExportedComponent {
  readonly model: BenchmarkModel;
  readonly component: string;
  readonly graph: Blob;
  /** Of the single external-data file, as the graph names it. */
  readonly dataName: string;
  readonly data: Blob;
}

/** What another implementation gives in float32 for one component: a .safetensors file of "input.NAME" and "output.NAME". */
export interface ExpectedComponent {
  readonly model: BenchmarkModel;
  readonly component: string;
  readonly file: Blob;
}

export interface BenchmarkRequest {
  readonly device: DevicePreference;
  readonly size: BenchmarkSize;
  readonly models: readonly BenchmarkModel[];
  /** Steady runs of each component; at least 1. */
  readonly runs: number;
  /** Whole pictures too. */
  readonly pictures: boolean;
  /** Other ways to write the UNets' graphs too. */
  readonly variants?: boolean;
  /** Files of the random weights by model; made while they are read where there is none. */
  readonly weights?: Readonly<Partial<Record<BenchmarkModel, Blob>>>;
  /** Measured in place of the components of our own. */
  readonly exports?: readonly ExportedComponent[];
  /** What results are compared with; a component that none is given for is only timed. */
  readonly expected?: readonly ExpectedComponent[];
}

export interface BenchmarkProgress {
  /** What is measured now, in words: "sd-1.5 unet". */
  readonly what: string;
  readonly done: number;
  readonly total: number;
}

/** Seconds on the device by class of operator: "convolution", "attention", ... */
export type OperatorSeconds = Readonly<Record<string, number>>;

/** One network of one model. A figure that this machine or implementation cannot give is null. */
export interface ComponentRow {
  readonly model: string;
  readonly component: string;
  /** "batch 2, 64x64 latents" */
  readonly shape: string;
  readonly createSeconds: number | null;
  /** With the compilation of shaders. */
  readonly firstSeconds: number | null;
  /** Median of the steady runs. */
  readonly steadySeconds: number | null;
  readonly runs: number;
  /** Device buffers alive at once, weights included. */
  readonly peakBytes: number | null;
  /** Device buffers that stay between runs: mostly weights. */
  readonly heldBytes: number | null;
  readonly operatorSeconds: OperatorSeconds | null;
  /** Whether every number of the result is one. */
  readonly finite: boolean | null;
  /** Of the output that is furthest from what was expected: the norm of the difference, of the expected output's.
   * null is no number. Absent where nothing was expected. */
  readonly relativeError?: number | null;
  /** Why there are no figures, such as "OutOfMemory: ...". */
  readonly failure?: string;
}

/** One whole picture. */
export interface PictureRow {
  readonly model: string;
  /** "512x512, 20 steps, CFG" */
  readonly shape: string;
  /** The first picture, with everything that is loaded and compiled for it. */
  readonly coldSeconds: number | null;
  readonly totalSeconds: number | null;
  readonly secondsPerStep: number | null;
  /** Of a step, 0 to 1: what is spent outside the runtime. */
  readonly overheadShare: number | null;
  readonly peakBytes: number | null;
  readonly failure?: string;
}

/** Another way to write a model's UNet. */
export interface VariantRow {
  readonly model: string;
  /** "attention written out" */
  readonly name: string;
  /** Of a guided step as the app does it. */
  readonly ratio: number | null;
  /** Largest difference from the app's result, of the largest value of that. */
  readonly difference: number | null;
  readonly failure?: string;
}

/** A whole picture against the same one drawn by PyTorch in float32. */
export interface RunRow {
  readonly model: string;
  /** "256x256, DPM++ 2M, 20 steps, CFG 5" */
  readonly shape: string;
  /** What it was drawn with: "webgpu float16". */
  readonly drawnWith: string;
  /** Relative errors, as of components. */
  readonly conditioningError: number | null;
  readonly latentsError: number | null;
  /** Of the picture, in decibels; Infinity is no number in JSON and becomes null. */
  readonly psnr: number | null;
  readonly failure?: string;
}

export interface BenchmarkReport {
  readonly version: typeof BENCHMARK_VERSION;
  /** "kiln", "plain export", "pytorch eager", "pytorch compiled", "floor" */
  readonly implementation: string;
  readonly size: BenchmarkSize;
  readonly device: string;
  readonly precision: string;
  /** What ran it: browser or versions. */
  readonly software: string;
  readonly components: readonly ComponentRow[];
  readonly pictures: readonly PictureRow[];
  /** Where they were asked for. */
  readonly variants?: readonly VariantRow[];
  /** Where there was something to compare whole pictures with. */
  readonly wholeRuns?: readonly RunRow[];
}

/** Implemented by engine/ in a worker of its own, mirrored by client/ on the page. */
export interface Benchmark {
  /** `baseUrl`: absolute URL of the folder the app is served from; its tokenizer is used. Ended by ending the worker. */
  run(
    request: BenchmarkRequest,
    baseUrl: string,
    onProgress: (progress: BenchmarkProgress) => void,
  ): Promise<BenchmarkReport>;
}
