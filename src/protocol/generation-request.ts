// What a user asks for and what comes back, as plain data. Knows no engine, no storage and no UI.

/** Where initial and step noise come from. "cpu" is torch's CPU generator, "nv" imitates CUDA's Philox. */
export type NoiseSource = "cpu" | "nv";

/** Previews from the colours of latents, or by a tiny decoder where the library has one that fits and runs quickly enough. */
export type PreviewMethod = "colours" | "decoder";

/** One LoRA of a request with its strengths; 1 is what its author trained, 0 changes nothing. */
export interface LoraUse {
  /** Id of a model of type "lora" in the library. */
  readonly modelId: string;
  /** -10 to 10. */
  readonly unetWeight: number;
  /** For the text encoders, -10 to 10. */
  readonly textWeight: number;
}

export function isLoraUse(value: unknown): value is LoraUse {
  if (typeof value !== "object" || value === null) return false;
  const { modelId, unetWeight, textWeight } = value as Partial<LoraUse>;
  return typeof modelId === "string" && Number.isFinite(unetWeight) && Number.isFinite(textWeight);
}

/** One job: everything needed to make its pictures again. Validated by the engine (`InvalidRequest`). */
export interface GenerationRequest {
  readonly prompt: string;
  readonly negativePrompt: string;
  /** Id of a model in the library ("kiln-small" is the embedded one). */
  readonly modelId: string;
  /** In the order of application, before those that the prompt names in tags; ones that are switched off are not listed. */
  readonly loras: readonly LoraUse[];
  /** Id of a model of type "vae" to use instead of the checkpoint's own. */
  readonly vaeId?: string;
  /** Pixels, multiples of 8. */
  readonly width: number;
  readonly height: number;
  readonly steps: number;
  /** Classifier-free guidance; 1 switches it off (one forward per step). */
  readonly guidanceScale: number;
  /** Published name of a row of sampling/samplers.ts, such as "DPM++ 2M". */
  readonly sampler: string;
  /** Published name of a row of sampling/schedules.ts, such as "Karras"; "Automatic" asks the sampler's row. */
  readonly schedule: string;
  /** 0 to 2^32 - 1, already drawn: picture i of the job uses seed + i. */
  readonly seed: number;
  /** How many batches run one after the other. */
  readonly batchCount: number;
  /** How many pictures share each forward. */
  readonly batchSize: number;
  /** 1 = last layer of the text encoder, 2 = the one before it, as A1111 counts. */
  readonly clipSkip: number;
  readonly noiseSource: NoiseSource;
  /** Ask for a preview with every step event. */
  readonly preview: boolean;
  /** "colours" where it is left out. */
  readonly previewMethod?: PreviewMethod;
  /** Also return the raw tensors of the first picture, for comparison with other implementations. */
  readonly dumpTensors?: boolean;
}

/** A request as it was stored, maybe by a version that lacked some of today's fields. */
export function completeRequest(stored: GenerationRequest): GenerationRequest {
  const { loras } = stored as Partial<GenerationRequest>;
  return { ...stored, loras: loras ?? [] };
}

/** Seconds spent in each phase of a job. */
export interface PhaseSeconds {
  readonly load: number;
  readonly text: number;
  readonly steps: number;
  readonly decode: number;
}

/** A finished picture as it leaves the engine: an encoded file with its infotext inside. */
export interface GeneratedPicture {
  readonly jobId: string;
  /** 0-based position among the job's pictures. */
  readonly index: number;
  readonly seed: number;
  readonly width: number;
  readonly height: number;
  /** PNG with a `parameters` text chunk. */
  readonly file: Blob;
  /** The same text as in the file. */
  readonly infotext: string;
}

/** float32 tensor, C order. */
export interface DumpedTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** What a finished (or interrupted) job reports. Its pictures were delivered before, as events. */
export interface GenerationSummary {
  readonly jobId: string;
  readonly outcome: "finished" | "interrupted";
  readonly pictures: number;
  /** What did not go as asked without failing, a sentence for the user each. */
  readonly warnings: readonly string[];
  readonly phaseSeconds: PhaseSeconds;
  /** Mean seconds of one sampler step, and the share of it spent outside the runtime (0 to 1). */
  readonly secondsPerStep: number;
  readonly overheadShare: number;
  /** Present when `dumpTensors` was asked: noise, latents, conditioning, unconditional, image. */
  readonly tensors?: Readonly<Record<string, DumpedTensor>>;
}
