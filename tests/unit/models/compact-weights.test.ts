// Weights kept in float16 and widened as they are used: the same numbers, half the bytes, and never widened ahead of time.

import { expect, test } from "vitest";
import { dialects } from "../../../src/models/dialects.ts";
import { linear } from "../../../src/models/layers/linear.ts";
import { GraphBuilder } from "../../../src/onnx/graph-builder.ts";
import type { ExternalTensor, OnnxModel } from "../../../src/onnx/onnx-model.ts";
import { convertTensor } from "../../../src/weights/dtypes.ts";
import { memorySource } from "../../../src/weights/memory-source.ts";
import { openSafetensors } from "../../../src/weights/safetensors.ts";
import { writeSafetensors, type TensorToWrite } from "../../../src/weights/write-safetensors.ts";
import { createNodeRuntime } from "../../support/node-runtime.ts";

const WIDTH = 256;
const LAYERS = 3;

async function layers(dtype: "F16" | "F32") {
  const values = Float32Array.from({ length: WIDTH * WIDTH }, (_, i) => Math.sin(i * 0.7) / 16);
  const bytes = new Uint8Array(values.buffer);
  const stored = dtype === "F32" ? bytes : convertTensor(bytes, "F32", "float16");
  const bias = new Uint8Array(new Float32Array(WIDTH).fill(0.25).buffer);
  const tensors = new Map<string, TensorToWrite>();
  for (let i = 0; i < LAYERS; i++) {
    tensors.set(`${i}.weight`, { dtype, shape: [WIDTH, WIDTH], bytes: stored });
    tensors.set(`${i}.bias`, { dtype: "F32", shape: [WIDTH], bytes: bias });
  }
  const file = writeSafetensors(tensors);
  return openSafetensors(memorySource(file, "layers"));
}

async function build(dtype: "F16" | "F32", dialect: "wasm-float32" | "wasm-compact"): Promise<OnnxModel> {
  const graph = new GraphBuilder("layers");
  const c = { graph, checkpoint: await layers(dtype), dialect: dialects[dialect] };
  let x = graph.input("x", "float32", [1, WIDTH]);
  for (let i = 0; i < LAYERS; i++) x = linear(c, String(i), x, WIDTH);
  graph.output("y", x);
  return graph.build();
}

async function run(model: OnnxModel): Promise<Float32Array> {
  const runtime = await createNodeRuntime();
  const session = await runtime.createSession(model, "cpu");
  const { y } = await session.run({ x: Float32Array.from({ length: WIDTH }, (_, i) => Math.cos(i)) });
  await session.release();
  runtime.dispose();
  return y;
}

const largest = ({ externals }: OnnxModel): number =>
  externals.reduce((most, { byteLength }) => Math.max(most, byteLength), 0);

test("a compact graph keeps half the bytes and computes the same", async () => {
  const [whole, compact] = await Promise.all([build("F16", "wasm-float32"), build("F16", "wasm-compact")]);
  expect(largest(compact)).toBe(largest(whole) / 2);
  expect(compact.widensWeights).toBe(true);
  expect(whole.widensWeights).toBe(false);
  const [expected, got] = [await run(whole), await run(compact)];
  const scale = Math.max(...expected.map(Math.abs));
  expect(Math.max(...got.map((value, i) => Math.abs(value - expected[i]))) / scale).toBeLessThan(1e-6);
});

test("weights stored in float32 are rounded on the way, biases are not", async () => {
  const externals = (await build("F32", "wasm-compact")).externals as readonly ExternalTensor[];
  expect(externals.find(({ location }) => location === "0.weight")?.dtype).toBe("float16");
  expect(externals.find(({ location }) => location === "0.bias")?.dtype).toBe("float32");
});

// The runtime walks from the outputs and takes a node's last stored input first: what is stored first is made last.
test("the widening nodes are stored before all others", async () => {
  const text = new TextDecoder("latin1").decode((await build("F16", "wasm-compact")).proto);
  const firstGemm = text.indexOf("/layers/0/Gemm");
  expect(firstGemm).toBeGreaterThan(0);
  for (let i = 0; i < LAYERS; i++) {
    const cast = text.indexOf(`/layers/${i}.weight/Cast`);
    expect(cast).toBeGreaterThan(0);
    expect(cast).toBeLessThan(firstGemm);
  }
});
