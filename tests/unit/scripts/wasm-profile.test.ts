// The profiler's lines become nodes at their best, and nodes become shares.

import { expect, test } from "vitest";
import { layerShare, operatorShares, parseTrace, profileOnWasm } from "../../../scripts/wasm-profile.ts";
import { GraphBuilder } from "../../../src/onnx/graph-builder.ts";
import { matMul, softmax } from "../../../src/onnx/ops.ts";

const event = (name: string, op: string, dur: number, cat = "Node"): string =>
  `${JSON.stringify({ cat, name, dur, args: { op_name: op } })},`;

const TRACE = [
  "[",
  event("model_run", "", 9999, "Session"),
  `${event("/unet/a/Conv_kernel_time", "Conv", 80)}\n${event("/unet/b.attn2.to_k/Gemm_kernel_time", "Gemm", 15)}`,
  event("/unet/a/Conv_kernel_time", "Conv", 300),
  event("/unet/a/Conv_fence_before", "Conv", 1),
  event("/unet/c/Add_kernel_time", "Add", 3),
  event("/unet/c/Mul_kernel_time", "Mul", 2),
  "]",
];

test("a node that ran twice counts once, at its best", () => {
  expect(parseTrace(TRACE)).toEqual([
    { name: "/unet/a/Conv", operator: "Conv", seconds: 80e-6 },
    { name: "/unet/b.attn2.to_k/Gemm", operator: "Gemm", seconds: 15e-6 },
    { name: "/unet/c/Add", operator: "Add", seconds: 3e-6 },
    { name: "/unet/c/Mul", operator: "Mul", seconds: 2e-6 },
  ]);
});

test("shares are of the whole, small ones together", () => {
  const nodes = parseTrace(TRACE);
  const shares = operatorShares(nodes, 0.1).map(({ operator, share }) => [operator, Math.round(100 * share)]);
  expect(shares).toEqual([
    ["Conv", 80],
    ["Gemm", 15],
    ["all others", 5],
  ]);
  expect(layerShare(nodes, /attn2\.to_[kv]\//)).toBeCloseTo(0.15);
});

test("the runtime's own profile names the nodes of a graph", async () => {
  const graph = new GraphBuilder("small");
  const [a, b] = ["a", "b"].map((name) => graph.input(name, "float32", [1, 8, 8]));
  graph.output("scores", softmax(graph, "layer", matMul(graph, "layer", a, b)));
  const nodes = await profileOnWasm(graph.build(), 2);
  expect(nodes.map(({ operator }) => operator)).toEqual(["MatMul", "Softmax"]);
  expect(nodes.every(({ name }) => name.startsWith("/small/layer") || name === "scores")).toBe(true);
});
