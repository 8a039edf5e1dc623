// Runs a graph in Node on the runtime's WASM build: the reference every dialect is compared with. For tests and measurements only.

import { env, InferenceSession, Tensor } from "onnxruntime-web/wasm";
import type { FedTensor } from "../../src/models/adapters/adapter-packs.ts";
import type { OnnxModel, OnnxValueInfo } from "../../src/onnx/onnx-model.ts";

env.wasm.numThreads = 1;
env.logLevel = "error";

export type GraphInputs = Readonly<Record<string, Float32Array | Int32Array | FedTensor>>;

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

function feed(info: OnnxValueInfo, data: Float32Array | Int32Array | FedTensor): Tensor {
  if ("bytes" in data) {
    const { dtype, shape, bytes } = data;
    if (dtype === "bool") return new Tensor("bool", bytes, shape);
    return dtype === "float16"
      ? new Tensor("float16", new Uint16Array(bytes.buffer), shape)
      : new Tensor("float32", new Float32Array(bytes.buffer), shape);
  }
  return data instanceof Int32Array
    ? new Tensor("int32", data, info.shape)
    : new Tensor("float32", data, info.shape);
}

export { relativeDifference } from "./relative-difference.ts";
