// Times every dispatch on a WebGPU device, with timestamp queries, by what its shader declares: the runtime labels no pipeline. While it is on, each dispatch is a
// compute pass of its own, so the whole takes longer than it does otherwise: for shares, not for totals.

const QUERIES = 4096; // the most a query set may hold
const NANOSECONDS = 1e-9;
const TIMESTAMP_BYTES = 8;

interface Stretch {
  readonly querySet: GPUQuerySet;
  /** Of the dispatches timed in it. */
  readonly labels: string[];
}

/** Needs a device with the feature "timestamp-query". Stays in place as long as the device lives. */
export class PassTimer {
  readonly #device: GPUDevice;
  #stretches: Stretch[] = [];
  #on = false;
  readonly #declarations = new WeakMap<GPUShaderModule, string>();
  readonly #programs = new WeakMap<GPUComputePipeline, string>();

  constructor(device: GPUDevice) {
    this.#device = device;
    this.#watchPipelines();
    const create = device.createCommandEncoder.bind(device);
    device.createCommandEncoder = (descriptor) => {
      const encoder = create(descriptor);
      if (this.#on) {
        const begin = encoder.beginComputePass.bind(encoder);
        const next = (label: string): GPUComputePassTimestampWrites => this.#next(label);
        const nameOf = (pipeline: GPUComputePipeline): string =>
          this.#programs.get(pipeline) ?? pipeline.label;
        encoder.beginComputePass = () =>
          new DispatchPasses(begin, (pipeline) => next(nameOf(pipeline))) as unknown as GPUComputePassEncoder;
      }
      return encoder;
    };
  }

  start(): void {
    this.#on = true;
  }

  /** Seconds by program, as `shaderDeclarations` names it, since the start, once the device has finished. */
  async stop(): Promise<ReadonlyMap<string, number>> {
    this.#on = false;
    const stretches = this.#stretches;
    this.#stretches = [];
    const seconds = new Map<string, number>();
    for (const stretch of stretches) {
      const times = await this.#read(stretch);
      stretch.labels.forEach((label, i) => {
        const spent = Number(times[2 * i + 1] - times[2 * i]) * NANOSECONDS;
        seconds.set(label, (seconds.get(label) ?? 0) + Math.max(0, spent));
      });
    }
    return seconds;
  }

  #watchPipelines(): void {
    const device = this.#device;
    const createModule = device.createShaderModule.bind(device);
    device.createShaderModule = (descriptor) => {
      const module = createModule(descriptor);
      this.#declarations.set(module, shaderDeclarations(descriptor.code));
      return module;
    };
    const name = (
      pipeline: GPUComputePipeline,
      { compute }: GPUComputePipelineDescriptor,
    ): GPUComputePipeline => {
      this.#programs.set(pipeline, this.#declarations.get(compute.module) ?? "");
      return pipeline;
    };
    const create = device.createComputePipeline.bind(device);
    device.createComputePipeline = (descriptor) => name(create(descriptor), descriptor);
    const createLater = device.createComputePipelineAsync.bind(device);
    device.createComputePipelineAsync = async (descriptor) => name(await createLater(descriptor), descriptor);
  }

  #next(label: string): GPUComputePassTimestampWrites {
    let stretch = this.#stretches.at(-1);
    if (!stretch || 2 * stretch.labels.length >= QUERIES) {
      stretch = { querySet: this.#device.createQuerySet({ type: "timestamp", count: QUERIES }), labels: [] };
      this.#stretches.push(stretch);
    }
    const beginningOfPassWriteIndex = 2 * stretch.labels.length;
    stretch.labels.push(label);
    return {
      querySet: stretch.querySet,
      beginningOfPassWriteIndex,
      endOfPassWriteIndex: beginningOfPassWriteIndex + 1,
    };
  }

  async #read({ querySet, labels }: Stretch): Promise<BigInt64Array> {
    const count = 2 * labels.length;
    const size = count * TIMESTAMP_BYTES;
    const usage = GPUBufferUsage;
    const resolved = this.#device.createBuffer({ size, usage: usage.QUERY_RESOLVE | usage.COPY_SRC });
    const staging = this.#device.createBuffer({ size, usage: usage.MAP_READ | usage.COPY_DST });
    try {
      const encoder = this.#device.createCommandEncoder();
      encoder.resolveQuerySet(querySet, 0, count, resolved, 0);
      encoder.copyBufferToBuffer(resolved, 0, staging, 0, size);
      this.#device.queue.submit([encoder.finish()]);
      await staging.mapAsync(GPUMapMode.READ);
      return new BigInt64Array(staging.getMappedRange().slice(0));
    } finally {
      resolved.destroy();
      staging.destroy();
      querySet.destroy();
    }
  }
}

type BindGroupArguments = Parameters<GPUBindingCommandsMixin["setBindGroup"]>;

/** Stands in for a compute pass: remembers what is set and begins a real, timed pass for each dispatch. */
class DispatchPasses {
  label = "";
  readonly #begin: (descriptor: GPUComputePassDescriptor) => GPUComputePassEncoder;
  readonly #timestamps: (pipeline: GPUComputePipeline) => GPUComputePassTimestampWrites;
  #pipeline: GPUComputePipeline | undefined;
  readonly #bindings = new Map<number, BindGroupArguments>();

  constructor(
    begin: (descriptor: GPUComputePassDescriptor) => GPUComputePassEncoder,
    timestamps: (pipeline: GPUComputePipeline) => GPUComputePassTimestampWrites,
  ) {
    this.#begin = begin;
    this.#timestamps = timestamps;
  }

  setPipeline(pipeline: GPUComputePipeline): void {
    this.#pipeline = pipeline;
  }

  setBindGroup(...binding: BindGroupArguments): void {
    this.#bindings.set(binding[0], binding);
  }

  dispatchWorkgroups(...size: Parameters<GPUComputePassEncoder["dispatchWorkgroups"]>): void {
    this.#dispatch((pass) => pass.dispatchWorkgroups(...size));
  }

  dispatchWorkgroupsIndirect(
    ...source: Parameters<GPUComputePassEncoder["dispatchWorkgroupsIndirect"]>
  ): void {
    this.#dispatch((pass) => pass.dispatchWorkgroupsIndirect(...source));
  }

  pushDebugGroup(): void {
    // names for debuggers; they change nothing
  }

  popDebugGroup(): void {
    // as above
  }

  insertDebugMarker(): void {
    // as above
  }

  end(): void {
    this.#bindings.clear();
  }

  #dispatch(dispatch: (pass: GPUComputePassEncoder) => void): void {
    if (!this.#pipeline) throw new Error("a dispatch without a pipeline");
    const pass = this.#begin({ timestampWrites: this.#timestamps(this.#pipeline) });
    pass.setPipeline(this.#pipeline);
    for (const binding of this.#bindings.values()) pass.setBindGroup(...binding);
    dispatch(pass);
    pass.end();
  }
}

/** Names of a WGSL shader's bindings and of its uniforms' fields, in their order: what tells one program from another. */
export function shaderDeclarations(code: string): string {
  const bindings = [...code.matchAll(/\bvar<(?:storage|uniform)[^>]*>\s*(\w+)/g)].map(([, name]) => name);
  const [, uniforms = ""] = /struct\s+Uniforms\s*\{([^}]*)\}/.exec(code) ?? [];
  const fields = [...uniforms.matchAll(/(\w+)\s*:/g)].map(([, name]) => name);
  return [...bindings, ...fields].join(" ");
}
