// What is read of an .onnx file, what is skipped, and what is refused.

import { describe, expect, test } from "vitest";
import { memorySource } from "../../../../src/weights/memory-source.ts";
import { readOnnxFile, startsLikeOnnx } from "../../../../src/weights/onnx/onnx-file.ts";
import { openSafetensors } from "../../../../src/weights/safetensors.ts";
import { writeSafetensors } from "../../../../src/weights/write-safetensors.ts";
import { seededRandom } from "../../../support/seeded-random.ts";
import { SMALL_CONSTANT_BYTES, watchAllocations } from "../../../support/allocated-bytes.ts";
import { onnxFile, type OnnxToWrite } from "../../../support/onnx-files.ts";

const FUZZ_RUNS = 10_000;

const unet: OnnxToWrite = {
  inputs: [
    { name: "sample", type: "float16", dims: ["batch", 4, undefined, 64] },
    { name: "timestep", type: "int64", dims: [] },
    { name: "conv_in.weight", type: "float16", dims: [320, 4, 3, 3] }, // as old files list their weights
  ],
  outputs: [{ name: "out_sample", type: "float16", dims: ["batch", 4, undefined, 64] }],
  weights: [
    { name: "axes", type: "int64", shape: [1], raw: new Uint8Array(8) },
    { name: "conv_in.weight", type: "float16", shape: [320, 4, 3, 3], raw: new Uint8Array(23_040).fill(7) },
    {
      name: "table",
      type: "float32",
      shape: [1000, 1000],
      beside: { location: "./model.onnx_data", offset: "4096", length: "4000000" },
    },
    { name: "rest", type: "float16", shape: [3], beside: { location: "weights.pb" } },
  ],
  nodes: [{ opType: "Conv", inputs: ["sample", "conv_in.weight"], outputs: ["out_sample"] }],
};

const read = (file: OnnxToWrite) => readOnnxFile(memorySource(onnxFile(file), "model.onnx"));

describe("an .onnx file", () => {
  test("says its inputs and outputs, with what is fixed of their shapes", async () => {
    const { inputs, outputs, opsets } = await read(unet);
    expect(inputs).toEqual([
      { name: "sample", elementType: 10, dims: ["batch", 4, undefined, 64] },
      { name: "timestep", elementType: 7, dims: [] },
    ]);
    expect(outputs).toEqual([{ name: "out_sample", elementType: 10, dims: ["batch", 4, undefined, 64] }]);
    expect(opsets).toEqual([{ domain: "", version: 17 }]);
  });

  test("says where its weights lie; small constants stay with the graph", async () => {
    const bytes = onnxFile(unet);
    const { weights, initializers } = await readOnnxFile(memorySource(bytes, "model.onnx"));
    expect([...initializers]).toEqual(["axes", "conv_in.weight", "table", "rest"]);
    const [inside, ...beside] = weights;
    expect(inside).toMatchObject({ name: "conv_in.weight", elementType: 10, shape: [320, 4, 3, 3] });
    if (inside.place.kind !== "inside") throw new Error("expected inside");
    const stored = bytes.subarray(...inside.place.range);
    expect([stored.length, stored[0], stored.at(-1)]).toEqual([23_040, 7, 7]);
    expect(beside.map(({ place }) => place)).toEqual([
      { kind: "beside", file: "model.onnx_data", offset: 4096, length: 4_000_000 },
      { kind: "beside", file: "weights.pb", offset: 0, length: 6 },
    ]);
  });

  test("keeps nodes and small constants as ranges that hold no weight", async () => {
    const { graphRanges, nodes } = await read(unet);
    expect(nodes).toHaveLength(1);
    expect(graphRanges.reduce((sum, [start, end]) => sum + end - start, 0)).toBeLessThan(200);
  });

  test.each<[string, OnnxToWrite["weights"] & object, RegExp]>([
    [
      "weights shorter than their shape",
      [{ name: "w", type: "float32", shape: [9], raw: new Uint8Array(8) }],
      /36 bytes, got 8/,
    ],
    [
      "two weights of a name",
      [1, 2].map(() => ({ name: "w", type: "float32", shape: [1], raw: new Uint8Array(4) })),
      /a name of its own/,
    ],
    [
      "weights in another folder",
      [{ name: "w", type: "float32", shape: [1], beside: { location: "../secret" } }],
      /a file beside it/,
    ],
    [
      "weights at an address",
      [{ name: "w", type: "float32", shape: [1], beside: { location: "https://x/y" } }],
      /a file beside it/,
    ],
    [
      "an offset that is none",
      [{ name: "w", type: "float32", shape: [1], beside: { location: "x", offset: "-4" } }],
      /offset should be a whole number/,
    ],
    [
      "a length that is not the shape's",
      [{ name: "w", type: "float32", shape: [1], beside: { location: "x", length: "5" } }],
      /4 bytes, got 5/,
    ],
  ])("with %s is refused", async (_, weights, message) => {
    await expect(read({ ...unet, weights })).rejects.toMatchObject({
      name: "FileFormat",
      message: expect.stringMatching(message) as string,
    });
  });

  test("without a graph, or cut off, is refused", async () => {
    const bytes = onnxFile(unet);
    const refused = { name: "FileFormat" };
    await expect(readOnnxFile(memorySource(Uint8Array.of(8, 8), "m"))).rejects.toMatchObject(refused);
    await expect(readOnnxFile(memorySource(bytes.slice(0, -30), "m"))).rejects.toMatchObject(refused);
    await expect(read({ ...unet, outputs: [] })).rejects.toMatchObject(refused);
  });

  test("is told from safetensors by its first bytes", async () => {
    expect(startsLikeOnnx(onnxFile(unet))).toBe(true);
    const safetensors = writeSafetensors(new Map());
    expect((await openSafetensors(memorySource(safetensors, "s"))).tensors.size).toBe(0);
    expect(startsLikeOnnx(safetensors)).toBe(false);
  });
});

test(`${FUZZ_RUNS} damaged files end in a valid result or a named error`, async () => {
  const random = seededRandom(20_261_121);
  const original = onnxFile(unet);
  let [slowest, greediest, whole, refused] = [0, 0, 0, 0];
  for (let run = 0; run < FUZZ_RUNS; run++) {
    let bytes = original.slice();
    for (let changes = 1 + random(4); changes > 0; changes--) {
      // Most of the file is one weight: changes go where there is structure.
      const at = random(2) ? random(200) : bytes.length - 1 - random(Math.min(500, bytes.length - 1));
      if (random(8) === 0) bytes = bytes.slice(0, at);
      else if (random(3) === 0) bytes[at] = random(256);
      else bytes[at] ^= 1 << random(8);
      if (bytes.length < 2) break;
    }
    const allocated = watchAllocations();
    const started = performance.now();
    try {
      const file = await readOnnxFile(memorySource(bytes, "fuzz"));
      for (const { place } of file.weights)
        if (place.kind === "inside" && place.range[1] > bytes.length)
          throw new Error("a weight outside the file");
      whole += 1;
    } catch (error) {
      if (!(error instanceof Error) || error.name !== "FileFormat")
        throw new Error(`run ${run}`, { cause: error });
      refused += 1;
    }
    slowest = Math.max(slowest, performance.now() - started);
    greediest = Math.max(greediest, allocated() - bytes.length);
  }
  expect(whole).toBeGreaterThan(1000);
  expect(refused).toBeGreaterThan(1000);
  expect(slowest).toBeLessThan(1000);
  expect(greediest).toBeLessThan(SMALL_CONSTANT_BYTES);
});
