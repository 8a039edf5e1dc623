// What the keys of an infotext mean: from a request to infotext and back to fields of a request. Resolves no model.

import type { GenerationRequest, NoiseSource } from "../protocol/generation-request.ts";
import type { Infotext } from "./infotext.ts";

export interface FileFacts {
  readonly name: string;
  /** Lower-case hex. */
  readonly sha256: string;
}

/** One picture of a job, as its infotext tells it. */
export interface PictureFacts {
  readonly request: GenerationRequest;
  /** The picture's own seed. */
  readonly seed: number;
  readonly modelName: string;
  /** SHA-256 of the model file, lower-case hex. */
  readonly modelSha256: string;
  /** The VAE used instead of the model's own: its file's name, with its extension, as A1111 writes it. */
  readonly vae?: FileFacts;
  /** Textual inversion embeddings, by the name they have in the prompt. */
  readonly embeddings?: readonly FileFacts[];
  /** As the prompt's tags name them, each with the first 12 digits of its tensors' SHA-256. */
  readonly loras: readonly { readonly name: string; readonly hash: string }[];
  /** Program and version, such as "Kiln 0.1.0". */
  readonly version: string;
}

// A1111's short model hash ("AutoV2").
const MODEL_HASH_DIGITS = 10;
const EMBEDDING_HASH_DIGITS = 12;

/** The infotext of a picture, keys in A1111's order. */
export function pictureInfotext(facts: PictureFacts): Infotext {
  const { request, seed, modelName, modelSha256, version, vae, embeddings = [], loras } = facts;
  const embeddingHashes = embeddings.map(
    ({ name, sha256 }) => `${name}: ${sha256.slice(0, EMBEDDING_HASH_DIGITS)}`,
  );
  const loraHashes = [...new Set(loras.map(({ name, hash }) => `${name}: ${hash}`))];
  return {
    prompt: request.prompt,
    negativePrompt: request.negativePrompt,
    parameters: [
      ["Steps", `${request.steps}`],
      ["Sampler", request.sampler],
      ["Schedule type", request.schedule],
      ["CFG scale", `${request.guidanceScale}`],
      ["Seed", `${seed}`],
      ["Size", `${request.width}x${request.height}`],
      ["Model hash", modelSha256.slice(0, MODEL_HASH_DIGITS)],
      ["Model", modelName],
      ...(vae
        ? [["VAE hash", vae.sha256.slice(0, MODEL_HASH_DIGITS)] as const, ["VAE", vae.name] as const]
        : []),
      ...(request.clipSkip > 1 ? [["Clip skip", `${request.clipSkip}`] as const] : []),
      ["RNG", request.noiseSource.toUpperCase()],
      ...(loraHashes.length > 0 ? [["Lora hashes", loraHashes.join(", ")] as const] : []),
      ...(embeddingHashes.length > 0 ? [["TI hashes", embeddingHashes.join(", ")] as const] : []),
      ["Version", version],
    ],
  };
}

/** What an infotext says about a request; fields that it does not mention, or not sensibly, are left out. */
export interface InfotextRecipe {
  readonly prompt: string;
  readonly negativePrompt: string;
  readonly width?: number;
  readonly height?: number;
  readonly steps?: number;
  readonly guidanceScale?: number;
  readonly sampler?: string;
  readonly schedule?: string;
  readonly seed?: number;
  readonly clipSkip?: number;
  readonly noiseSource?: NoiseSource;
  readonly modelName?: string;
  /** First digits of the model file's SHA-256. */
  readonly modelHash?: string;
  /** File name of the VAE used instead of the model's own, and the first digits of its SHA-256. */
  readonly vaeName?: string;
  readonly vaeHash?: string;
}

// Before 1.9, A1111 named the schedule as part of the sampler.
const LEGACY_SAMPLER = /^(.+) (Karras|Exponential|Polyexponential|SGM Uniform)$/;

const NOISE_SOURCES: Readonly<Record<string, NoiseSource>> = { CPU: "cpu", NV: "nv", GPU: "nv" };

function numberFrom(text: string | undefined, minimum: number): number | undefined {
  if (text === undefined || text.trim() === "") return undefined;
  const value = Number(text);
  return Number.isFinite(value) && value >= minimum ? value : undefined;
}

function wholeFrom(text: string | undefined, minimum: number): number | undefined {
  const value = numberFrom(text, minimum);
  return Number.isSafeInteger(value) ? value : undefined;
}

function withoutUndefined<T extends object>(fields: T): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;
}

/**
 * Fields of a request from an infotext of A1111's kind. What it leaves out although it has parameters means A1111's
 * defaults: clip skip 1, schedule Automatic, noise of the GPU (to which Philox comes closest).
 */
export function recipeFromInfotext({ prompt, negativePrompt, parameters }: Infotext): InfotextRecipe {
  if (parameters.length === 0) return { prompt, negativePrompt };
  const values = new Map(parameters);
  const size = /^\s*(\d+)\s*x\s*(\d+)\s*$/.exec(values.get("Size") ?? "");
  const named = values.get("Sampler");
  const legacy = values.has("Schedule type") ? null : LEGACY_SAMPLER.exec(named ?? "");
  return withoutUndefined({
    prompt,
    negativePrompt,
    width: wholeFrom(size?.[1], 1),
    height: wholeFrom(size?.[2], 1),
    steps: wholeFrom(values.get("Steps"), 1),
    guidanceScale: numberFrom(values.get("CFG scale"), 0),
    sampler: legacy?.[1] ?? named,
    schedule: legacy?.[2] ?? values.get("Schedule type") ?? "Automatic",
    seed: wholeFrom(values.get("Seed"), 0),
    clipSkip: wholeFrom(values.get("Clip skip"), 1) ?? 1,
    noiseSource: NOISE_SOURCES[values.get("RNG") ?? "GPU"],
    modelName: values.get("Model"),
    modelHash: values.get("Model hash"),
    vaeName: values.get("VAE"),
    vaeHash: values.get("VAE hash"),
  });
}
