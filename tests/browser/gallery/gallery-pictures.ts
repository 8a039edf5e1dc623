// Pictures and a request for the gallery's browser tests. Holds no tests.

import type { GenerationRequest } from "../../../src/protocol/generation-request.ts";

/** The folder of the private file system that the gallery writes to. */
export const picturesFolder = "pictures";

export const request: GenerationRequest = {
  prompt: "a red lighthouse by the sea",
  negativePrompt: "",
  loras: [],
  modelId: "kiln-small",
  width: 512,
  height: 256,
  steps: 12,
  guidanceScale: 5,
  sampler: "DPM++ 2M",
  schedule: "Karras",
  seed: 7,
  batchCount: 1,
  batchSize: 1,
  clipSkip: 1,
  noiseSource: "cpu",
  preview: false,
};

/** A picture of one colour. */
export async function png(width: number, height: number, colour: string): Promise<Blob> {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d")!;
  context.fillStyle = colour;
  context.fillRect(0, 0, width, height);
  return canvas.convertToBlob({ type: "image/png" });
}
