// A small valid request for the tiny random-weight checkpoint. For tests only.

import type { GenerationRequest } from "../../src/protocol/generation-request.ts";
import { GOLDEN_PROMPT } from "./tiny-vocabulary.ts";

export function tinyRequest(changes: Partial<GenerationRequest> = {}): GenerationRequest {
  return {
    prompt: GOLDEN_PROMPT,
    negativePrompt: "",
    modelId: "tiny",
    loras: [],
    width: 64,
    height: 64,
    steps: 3,
    guidanceScale: 5,
    sampler: "Euler",
    schedule: "Automatic",
    seed: 42,
    batchCount: 1,
    batchSize: 1,
    clipSkip: 1,
    noiseSource: "cpu",
    preview: false,
    ...changes,
  };
}
