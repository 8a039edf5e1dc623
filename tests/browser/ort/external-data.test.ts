// Weights read from a file in the browser's storage while a session is made, with the garbage collected all the while: nothing
// that the runtime waits for may be lost. Needs a browser started with --expose-gc.

import { afterAll, beforeAll, expect, test } from "vitest";
import { weightTensor } from "../../../src/models/weight-tensor.ts";
import { GraphBuilder } from "../../../src/onnx/graph-builder.ts";
import { add } from "../../../src/onnx/ops.ts";
import type { OnnxModel } from "../../../src/onnx/onnx-model.ts";
import { chooseDevice } from "../../../src/ort/compute-device.ts";
import { loadOrt } from "../../../src/ort/ort-build.ts";
import { OrtRuntime } from "../../../src/ort/ort-runtime.ts";
import { blobSource } from "../../../src/weights/blob-source.ts";
import type { Checkpoint } from "../../../src/weights/checkpoint.ts";
import { openSafetensors } from "../../../src/weights/safetensors.ts";
import { writeSafetensors } from "../../../src/weights/write-safetensors.ts";

declare const gc: () => void;

const FILE_NAME = "external-data-test.safetensors";
const TENSORS = 6;
// More than the runtime reads at once and more than we do, and no multiple of either.
const ELEMENTS = 1_500_001;

let runtime: OrtRuntime;
let checkpoint: Checkpoint;

const key = (i: number): string => `w${i}`;
/** Told apart by tensor and place, and small enough that float32 sums are exact. */
const valueAt = (tensor: number, place: number): number => (tensor + 1) * (place % 1009);

beforeAll(async () => {
  const tensors = Array.from({ length: TENSORS }, (_, i) => {
    const values = Float32Array.from({ length: ELEMENTS }, (_, place) => valueAt(i, place));
    return [
      key(i),
      { dtype: "F32" as const, shape: [ELEMENTS], bytes: new Uint8Array(values.buffer) },
    ] as const;
  });
  const folder = await navigator.storage.getDirectory();
  const handle = await folder.getFileHandle(FILE_NAME, { create: true });
  const writable = await handle.createWritable();
  await writable.write(writeSafetensors(new Map(tensors)));
  await writable.close();
  checkpoint = await openSafetensors(blobSource(await handle.getFile(), FILE_NAME));
  runtime = new OrtRuntime(await loadOrt(), await chooseDevice("wasm", 1));
});

afterAll(async () => {
  runtime.dispose();
  await (await navigator.storage.getDirectory()).removeEntry(FILE_NAME);
});

/** The sum of an input and all weights of the file. */
function sumModel(): OnnxModel {
  const builder = new GraphBuilder("sum");
  let sum = builder.input("x", "float32", [ELEMENTS]);
  for (let i = 0; i < TENSORS; i++) {
    const weight = weightTensor(checkpoint, key(i), { dtype: "float32", shape: [ELEMENTS] });
    sum = add(builder, `sum${i}`, sum, builder.external(weight));
  }
  builder.output("sum", sum);
  return builder.build();
}

test("weights arrive whole though the garbage is collected while they are read", async () => {
  const collecting = setInterval(gc, 0);
  try {
    const session = await runtime.createSession(sumModel(), "cpu");
    const { sum } = await session.run({ x: new Float32Array(ELEMENTS) });
    await session.release();
    const wrong = sum.findIndex((value, place) => value !== ((TENSORS * (TENSORS + 1)) / 2) * (place % 1009));
    expect(wrong).toBe(-1);
  } finally {
    clearInterval(collecting);
  }
}, 60_000);
