// Fetches the fixtures of tests/fixtures/models from the test server. For tests in a browser only.

import type { OpenedModel } from "../../src/library/open-model.ts";
import { blobSource } from "../../src/weights/blob-source.ts";
import tinyModelUrl from "../fixtures/models/tiny.safetensors?url";
import goldenUrl from "../fixtures/models/txt2img.safetensors?url";
import { GoldenTensors, tinyModel } from "./fixture-model.ts";

export async function fetchTinyModel(modelId: string): Promise<OpenedModel> {
  const blob = await (await fetch(tinyModelUrl)).blob();
  return tinyModel(modelId, blobSource(blob, "tiny.safetensors"));
}

export async function fetchGoldenTensors(): Promise<GoldenTensors> {
  return GoldenTensors.of(new Uint8Array(await (await fetch(goldenUrl)).arrayBuffer()));
}
