// One network ready to run: plain arrays or device buffers in and out. Does not choose where it runs.

import type { InferenceSession, Tensor, TypedTensor } from "onnxruntime-web";
import type { OnnxDType, OnnxModel, OnnxValueInfo } from "../onnx/onnx-model.ts";
import { halvesOf, widenedHalves } from "../shared/float16.ts";
import type { OrtRuntime } from "./ort-runtime.ts";
import { publishedFailure } from "./published-failure.ts";

export type SessionInput = Float32Array | Int32Array | GPUBuffer;

/** A result that stayed on the device. The buffer belongs to the runtime until `release`. */
export interface DeviceOutput {
  readonly buffer: GPUBuffer;
  readonly byteLength: number;
  release(): void;
}

/** A tensor that a session keeps as an input of all its runs. */
export interface BoundInput {
  readonly name: string;
  readonly dtype: OnnxDType;
  readonly shape: readonly number[];
  /** Little-endian elements. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Owns the runtime's session and with it the weights on the device; `release` gives them back. */
export class OrtSession {
  readonly name: string;
  readonly #runtime: OrtRuntime;
  readonly #session: InferenceSession;
  readonly #model: Pick<OnnxModel, "name" | "inputs" | "published">;
  /** What callers know outputs by, where that is not the graph's name. */
  readonly #aliases: ReadonlyMap<string, string>;
  readonly #onDevice: boolean;
  readonly #bound = new Map<string, Tensor>();

  /** Made by OrtRuntime.createSession only. */
  constructor(runtime: OrtRuntime, session: InferenceSession, model: OnnxModel, onDevice: boolean) {
    this.name = model.name;
    this.#runtime = runtime;
    this.#session = session;
    const { name, inputs, published } = model; // the model's bytes are not kept
    this.#model = { name, inputs, ...(published !== undefined && { published }) };
    this.#aliases = new Map(model.outputs.flatMap(({ name, alias }) => (alias ? [[name, alias]] : [])));
    this.#onDevice = onDevice;
  }

  /** Runs with one input per declared name and returns results as float32 in this worker's memory, whatever the graph has. */
  async run(feeds: Readonly<Record<string, SessionInput>>): Promise<Record<string, Float32Array>> {
    if (this.#onDevice) throw new Error(`${this.name}: its results stay on the device, use runOnDevice`);
    const results = await this.#run(feeds);
    return Object.fromEntries(
      Object.entries(results).map(([name, tensor]) => [
        this.#aliases.get(name) ?? name,
        float32Values(tensor),
      ]),
    );
  }

  /** The same, leaving the results in device buffers. */
  async runOnDevice(feeds: Readonly<Record<string, SessionInput>>): Promise<Record<string, DeviceOutput>> {
    if (!this.#onDevice) throw new Error(`${this.name}: its results do not stay on the device, use run`);
    const results = await this.#run(feeds);
    return Object.fromEntries(
      Object.entries(results).map(([name, tensor]) => [
        this.#aliases.get(name) ?? name,
        {
          buffer: tensor.gpuBuffer,
          byteLength: tensor.size * (tensor.type === "float16" ? 2 : 4),
          release: () => tensor.dispose(),
        },
      ]),
    );
  }

  /** Sets inputs for all further runs, until they are bound anew; on a GPU their bytes are uploaded here, once. */
  bind(inputs: readonly BoundInput[]): void {
    for (const input of inputs) {
      this.#bound.get(input.name)?.dispose();
      this.#bound.set(input.name, this.#boundTensor(input));
    }
  }

  async release(): Promise<void> {
    for (const tensor of this.#bound.values()) tensor.dispose();
    this.#bound.clear();
    if (this.#runtime.usable) await this.#runtime.inTurn(this.name, () => this.#session.release());
  }

  async #run(feeds: Readonly<Record<string, SessionInput>>): Promise<Record<string, Tensor>> {
    const tensors: Record<string, Tensor> = {};
    for (const input of this.#model.inputs)
      tensors[input.name] =
        this.#bound.get(input.name) ?? this.#tensor(input, feeds[input.alias ?? input.name]);
    try {
      return await this.#runtime.inTurn(this.name, () => this.#session.run(tensors));
    } catch (error) {
      throw publishedFailure(error, this.#model, this.#runtime.device.kind, "running");
    }
  }

  #tensor(input: OnnxValueInfo, value: SessionInput | undefined): Tensor {
    const { Tensor } = this.#runtime.build.ort;
    if (value instanceof Float32Array && input.dtype === "float16")
      return new Tensor("float16", halvesOf(value), input.shape);
    if (value instanceof Float32Array) return new Tensor("float32", value, input.shape);
    if (value instanceof Int32Array) return new Tensor("int32", value, input.shape);
    if (value === undefined) throw new Error(`${this.name}: input "${input.name}" is missing`);
    const dataType = input.dtype === "float16" ? "float16" : "float32";
    // The runtime only needs what a buffer is, not who made it; its declaration names the DOM's own type.
    return Tensor.fromGpuBuffer(value, { dataType, dims: input.shape });
  }

  #boundTensor({ dtype, shape, bytes }: BoundInput): Tensor {
    const { Tensor } = this.#runtime.build.ort;
    const { device } = this.#runtime;
    if (dtype === "bool") return new Tensor("bool", bytes, shape); // conditions are read on the CPU, wherever the rest runs
    if (dtype !== "float32" && dtype !== "float16") throw new Error(`${this.name}: cannot bind ${dtype}`);
    if (device.kind === "webgpu") {
      const buffer = device.gpu.createBuffer({
        size: Math.ceil(bytes.byteLength / 16) * 16, // as the runtime requires
        usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
        mappedAtCreation: true,
      });
      new Uint8Array(buffer.getMappedRange()).set(bytes);
      buffer.unmap();
      return Tensor.fromGpuBuffer(buffer, {
        dataType: dtype,
        dims: shape,
        dispose: () => buffer.destroy(),
      });
    }
    return dtype === "float32"
      ? new Tensor("float32", new Float32Array(bytes.buffer), shape)
      : new Tensor("float16", new Uint16Array(bytes.buffer), shape);
  }
}

/** Newer browsers give half precision as a Float16Array, others as its bits; both have the same bytes. */
function float32Values(tensor: Tensor): Float32Array {
  if (tensor.type !== "float16") return (tensor as TypedTensor<"float32">).data;
  const { buffer, byteOffset, length } = tensor.data as Uint16Array;
  return widenedHalves(new Uint16Array(buffer, byteOffset, length));
}
