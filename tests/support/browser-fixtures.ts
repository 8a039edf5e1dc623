// Fetches the fixtures of tests/fixtures/models from the test server. For tests in a browser only.

import type { OpenedModel } from "../../src/library/open-model.ts";
import { blobSource } from "../../src/weights/blob-source.ts";
import componentsUrl from "../fixtures/models/components.safetensors?url";
import tinyModelUrl from "../fixtures/models/tiny.safetensors?url";
import { GoldenTensors, tinyModel } from "./fixture-model.ts";

export async function fetchTinyModel(modelId: string): Promise<OpenedModel> {
  const blob = await (await fetch(tinyModelUrl)).blob();
  return tinyModel(modelId, blobSource(blob, "tiny.safetensors"));
}

/** Inputs and outputs of the single networks. */
export async function fetchGoldenComponents(): Promise<GoldenTensors> {
  return GoldenTensors.of(new Uint8Array(await (await fetch(componentsUrl)).arrayBuffer()));
}
