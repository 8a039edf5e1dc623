// The tiny models of tests/fixtures/onnx as the folders of files that they are published as. For tests in Node only.

import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import type { FolderFile } from "../../src/weights/diffusers-folder.ts";
import { memorySource } from "../../src/weights/memory-source.ts";
import { openSafetensors } from "../../src/weights/safetensors.ts";

const FIXTURES = new URL("../fixtures/onnx/", import.meta.url);

/** Of tools/fixtures/onnx_folders.py. */
export type OnnxFixture = "optimum" | "demo" | "fixed";

export const onnxFixture = (name: string): Uint8Array => readFileSync(new URL(name, FIXTURES));

export async function onnxFolder(name: OnnxFixture): Promise<readonly FolderFile[]> {
  const stored = gunzipSync(onnxFixture(`${name}.safetensors.gz`));
  const { source, tensors } = await openSafetensors(memorySource(stored, name));
  return [...tensors.values()].map(({ key, start, end }) => ({
    path: key,
    source: memorySource(source.readSync(start, end), key),
  }));
}
