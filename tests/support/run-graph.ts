// Runs a graph in Node on the runtime's WASM build: the reference every dialect is compared with. For tests and measurements only.

import { env, InferenceSession, Tensor } from "onnxruntime-web/wasm";
import type { OnnxModel, OnnxValueInfo } from "../../src/onnx/onnx-model.ts";

env.wasm.numThreads = 1;
env.logLevel = "error";

export type GraphInputs = Readonly<Record<string, Float32Array | Int32Array>>;

export interface GraphResult {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

export interface GraphSession {
  run(inputs: GraphInputs): Promise<Readonly<Record<string, GraphResult>>>;
  release(): Promise<void>;
}

export async function createGraphSession(model: OnnxModel): Promise<GraphSession> {
  const session = await InferenceSession.create(model.proto, {
    executionProviders: ["wasm"],
    externalData: model.externals.map((tensor) => ({ path: tensor.location, data: tensor.readSync() })),
  });
  return {
    run: async (inputs) => {
      const feeds = Object.fromEntries(
        model.inputs.map((info) => [info.name, feed(info, inputs[info.name])]),
      );
      const results = await session.run(feeds);
      return Object.fromEntries(
        Object.entries(results).map(([name, { dims, data }]) => [
          name,
          { shape: dims, data: data as Float32Array },
        ]),
      );
    },
    release: () => session.release(),
  };
}

/** Creates, runs once, releases. */
export async function runGraph(
  model: OnnxModel,
  inputs: GraphInputs,
): Promise<Readonly<Record<string, GraphResult>>> {
  const session = await createGraphSession(model);
  try {
    return await session.run(inputs);
  } finally {
    await session.release();
  }
}

function feed(info: OnnxValueInfo, data: Float32Array | Int32Array): Tensor {
  return data instanceof Int32Array
    ? new Tensor("int32", data, info.shape)
    : new Tensor("float32", data, info.shape);
}

export { relativeDifference } from "./relative-difference.ts";
