// The wall between the page and the engine worker: the Engine interface and its events. Plain data only crosses it.

import type { SerializedError } from "./app-error.ts";
import type { GeneratedPicture, GenerationRequest, GenerationSummary } from "./generation-request.ts";
import type { UpscaleRequest, UpscaleSummary } from "./upscale-request.ts";

/** Which device runs the graphs, and why that one. */
export interface DeviceReport {
  readonly device: "webgpu" | "wasm";
  readonly precision: "float16" | "float32";
  readonly threads: number;
  /** Adapter's own description, or the CPU build's. */
  readonly description: string;
  /** A sentence for the user, such as "This browser has no WebGPU." */
  readonly reason: string;
}

/** What the user (or a test) may force; "auto" takes WebGPU when a real adapter exists. */
export type DevicePreference = "auto" | "webgpu" | "wasm";

/** The RGB preview of latents: small, already in display colours. Transferred, not copied. */
export interface LatentPreview {
  readonly width: number;
  readonly height: number;
  /** RGBA, width*height*4. */
  readonly pixels: Uint8ClampedArray<ArrayBuffer>;
}

export type EngineEvent =
  | { readonly type: "started"; readonly jobId: string }
  | {
      readonly type: "loading";
      readonly jobId: string;
      /** What is being made ready, in words: "text encoder", "unet", "vae decoder", "upscaler". */
      readonly component: string;
      /** 0 to 1 over all components of the job. */
      readonly fraction: number;
    }
  | {
      readonly type: "step";
      readonly jobId: string;
      /** First picture of the batch being worked on, 0-based. */
      readonly picture: number;
      readonly pictures: number;
      /** Finished steps of this batch and how many there are. */
      readonly step: number;
      readonly steps: number;
      readonly secondsPerStep: number;
      /** Estimated seconds until the whole job is done. */
      readonly secondsLeft: number;
      /** 0 to 1 over the whole job. */
      readonly fraction: number;
      readonly preview?: LatentPreview;
    }
  | {
      /** Of an upscaling job: a tile is done. */
      readonly type: "tile";
      readonly jobId: string;
      /** From 1; each pass runs the upscaler over the whole picture. */
      readonly pass: number;
      readonly passes: number;
      /** Finished tiles of this pass; begins anew when tiles had to be made smaller. */
      readonly tile: number;
      readonly tiles: number;
      readonly secondsPerTile: number;
      readonly secondsLeft: number;
      /** 0 to 1 over the whole job. */
      readonly fraction: number;
    }
  | { readonly type: "picture"; readonly jobId: string; readonly picture: GeneratedPicture }
  | {
      readonly type: "finished";
      readonly jobId: string;
      readonly summary: GenerationSummary | UpscaleSummary;
    }
  | { readonly type: "failed"; readonly jobId: string; readonly error: SerializedError };

/** Token count of a prompt as the model's text encoder sees it. */
export interface TokenCount {
  readonly tokens: number;
  /** Capacity of the chunks in use: 75, 150, ... */
  readonly capacity: number;
}

export interface EngineStart {
  readonly device: DevicePreference;
  /** Absolute URL of the folder the app is served from; the embedded model lies below it. */
  readonly baseUrl: string;
}

/** Implemented by engine/ in the worker, mirrored by client/ on the page. */
export interface Engine {
  start(options: EngineStart): Promise<DeviceReport>;
  /** One listener; it is awaited for "picture", so that a picture is stored before the job goes on. */
  subscribe(listener: (event: EngineEvent) => void | Promise<void>): Promise<void>;
  /** Queues a job and resolves when it has ended; rejects with an AppError. */
  generate(jobId: string, request: GenerationRequest): Promise<GenerationSummary>;
  /** The same for a picture to enlarge, in the same queue. */
  upscale(jobId: string, request: UpscaleRequest): Promise<UpscaleSummary>;
  /** Ends the picture (batch) being made without keeping it and goes on with the next of the job. */
  skip(jobId: string): Promise<void>;
  /** Ends the job within one step, whether queued or running. Finished pictures are kept. */
  interrupt(jobId: string): Promise<void>;
  countTokens(modelId: string, text: string): Promise<TokenCount>;
  /** Frees sessions and device memory; the next job loads again. */
  unload(): Promise<void>;
}
