// The GPU without a browser: the same runtime's WebGPU kernels through onnxruntime-node, on Vulkan. Only for measuring; the app
// does not use it, and the package is installed by hand because of its size.

import { createWriteStream, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { finished } from "node:stream/promises";
import type { MeasuredRuntime, MeasuredSession } from "../src/engine/benchmark/measure-component.ts";
import type { OnnxModel } from "../src/onnx/onnx-model.ts";
import type { Ort } from "../src/ort/ort-build.ts";
import type { SessionInput } from "../src/ort/ort-session.ts";

const PACKAGE = "onnxruntime-node";
const INSTALL = "npm install --no-save --ignore-scripts onnxruntime-node@1.30.0";

export interface NodeGpu extends MeasuredRuntime {
  /** "onnxruntime-node 1.30.0" */
  readonly software: string;
}

/** @param provider "webgpu", or "cpu" to try everything but the kernels. */
export async function openNodeGpu(provider: "webgpu" | "cpu"): Promise<NodeGpu> {
  const ort = await loadPackage();
  return {
    software: `${PACKAGE} ${ort.env.versions.node ?? ""}, Node ${process.version}`,
    createSession: (model) => createSession(ort, provider, model),
  };
}

async function loadPackage(): Promise<Ort> {
  try {
    const loaded = (await import(PACKAGE)) as { readonly default?: Ort } & Ort;
    return loaded.default ?? loaded;
  } catch (cause) {
    throw new Error(`--node needs the package ${PACKAGE}, which is not installed. Run: ${INSTALL}`, {
      cause,
    });
  }
}

/** The package reads external data only from files, so weights go through a folder that lives until the session is made. */
async function createSession(ort: Ort, provider: string, model: OnnxModel): Promise<MeasuredSession> {
  const folder = mkdtempSync(join(tmpdir(), "kiln-bench-"));
  try {
    mkdirSync(folder, { recursive: true });
    for (const { location, read } of model.externals) {
      const stream = createWriteStream(join(folder, location));
      stream.end(await read());
      await finished(stream);
    }
    const path = join(folder, "model.onnx");
    writeFileSync(path, model.proto);
    const session = await ort.InferenceSession.create(path, {
      executionProviders: [provider],
      graphOptimizationLevel: model.widensWeights ? "layout" : "all",
      logSeverityLevel: 3,
    });
    return {
      run: async (feeds) => {
        const tensors = Object.fromEntries(
          model.inputs.map(({ name, shape }) => [name, tensorOf(ort, feeds[name], shape)]),
        );
        const results = await session.run(tensors);
        return Object.fromEntries(
          Object.entries(results).map(([name, { data }]) => [name, data as Float32Array]),
        );
      },
      release: () => session.release(),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function tensorOf(
  { Tensor }: Ort,
  value: SessionInput,
  shape: readonly number[],
): InstanceType<Ort["Tensor"]> {
  if (value instanceof Float32Array) return new Tensor("float32", value, shape);
  if (value instanceof Int32Array) return new Tensor("int32", value, shape);
  throw new Error("Node has no GPU buffers");
}
