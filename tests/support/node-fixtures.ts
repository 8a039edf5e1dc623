// Reads the fixtures of tests/fixtures/models from disk. For tests in Node only.

import { readFileSync } from "node:fs";
import type { OpenedModel } from "../../src/library/open-model.ts";
import { memorySource } from "../../src/weights/memory-source.ts";
import { GoldenTensors, tinyModel } from "./fixture-model.ts";

const FIXTURES = new URL("../fixtures/models/", import.meta.url);

const fixtureBytes = (name: string): Uint8Array => readFileSync(new URL(name, FIXTURES));

export function openTinyModel(modelId: string): Promise<OpenedModel> {
  return Promise.resolve(
    tinyModel(modelId, memorySource(fixtureBytes("tiny.safetensors"), "tiny.safetensors")),
  );
}

export function openGoldenTensors(name: string): Promise<GoldenTensors> {
  return GoldenTensors.of(fixtureBytes(name));
}
