// The runtime's WASM build under Node, behind the same interfaces that the worker uses. For tests only.

import { OrtRuntime } from "../../src/ort/ort-runtime.ts";
import { configureOrt, type OrtBuild } from "../../src/ort/ort-build.ts";

export async function loadNodeOrt(): Promise<OrtBuild> {
  const ort = await import("onnxruntime-web/wasm");
  configureOrt(ort, 1);
  return { ort, name: "node", threads: 1 };
}

export async function createNodeRuntime(): Promise<OrtRuntime> {
  return new OrtRuntime(await loadNodeOrt(), {
    kind: "wasm",
    report: {
      device: "wasm",
      precision: "float32",
      threads: 1,
      description: "Node",
      reason: "Node has no WebGPU.",
    },
  });
}
