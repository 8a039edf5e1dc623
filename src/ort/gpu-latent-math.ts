// LatentMath on WebGPU: linear combinations of latents that never leave the device. Holds no sampling algorithm.

import type { LatentMath } from "../sampling/sampler.ts";
import type { OrtRuntime } from "./ort-runtime.ts";

/** Latents in a buffer of their own; `length` counts floats. */
export interface GpuLatents {
  readonly buffer: GPUBuffer;
  readonly length: number;
}

/** Terms one pass adds; longer sums take several passes through the accumulator. */
const TERMS = 4;
const WORKGROUP = 64;

const COMBINE = /* wgsl */ `
struct Job { weights: vec4<f32>, length: u32, terms: u32 }
@group(0) @binding(0) var<storage, read_write> sum: array<f32>;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read> c: array<f32>;
@group(0) @binding(4) var<storage, read> d: array<f32>;
@group(0) @binding(5) var<uniform> job: Job;

@compute @workgroup_size(${WORKGROUP})
fn combine(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let i = id.x + id.y * groups.x * ${WORKGROUP}u;
  if (i >= job.length) { return; }
  // Unused terms are bound to the first operand and must not be read: 0 times infinity is not 0.
  var value = job.weights.x * a[i];
  if (job.terms > 1u) { value += job.weights.y * b[i]; }
  if (job.terms > 2u) { value += job.weights.z * c[i]; }
  if (job.terms > 3u) { value += job.weights.w * d[i]; }
  sum[i] = value;
}`;

const UNIFORM_BYTES = 32;

/** Owns its pipeline and every buffer it hands out that was not released. One per job, so that nothing outlives it. */
export class GpuLatentMath implements LatentMath<GpuLatents> {
  readonly #runtime: OrtRuntime;
  readonly #gpu: GPUDevice;
  readonly #pipeline: GPUComputePipeline;
  readonly #live = new Set<GPUBuffer>();

  constructor(runtime: OrtRuntime) {
    if (runtime.device.kind !== "webgpu") throw new Error("GpuLatentMath needs a WebGPU device");
    this.#runtime = runtime;
    this.#gpu = runtime.device.gpu;
    this.#pipeline = this.#gpu.createComputePipeline({
      layout: "auto",
      compute: { module: this.#gpu.createShaderModule({ code: COMBINE }), entryPoint: "combine" },
    });
  }

  /** A buffer the runtime accepts as an input; its size is a multiple of 16 bytes, as the runtime requires. */
  allocate(length: number): GpuLatents {
    const buffer = this.#gpu.createBuffer({
      size: Math.ceil((length * 4) / 16) * 16,
      usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
    });
    this.#live.add(buffer);
    return { buffer, length };
  }

  upload(values: Float32Array): GpuLatents {
    const latents = this.allocate(values.length);
    this.#gpu.queue.writeBuffer(latents.buffer, 0, values as Float32Array<ArrayBuffer>);
    return latents;
  }

  combine(...terms: readonly (readonly [weight: number, x: GpuLatents])[]): GpuLatents {
    if (terms.length === 0) throw new Error("combine: at least one term is needed");
    const { length } = terms[0][1];
    const odd = terms.find(([, x]) => x.length !== length);
    if (odd) throw new Error(`combine: operands differ in size, ${length} and ${odd[1].length}`);
    let sum = this.#pass(terms.slice(0, TERMS), length);
    for (let i = TERMS; i < terms.length; i += TERMS - 1) {
      const next = this.#pass([[1, sum], ...terms.slice(i, i + TERMS - 1)], length);
      this.release(sum);
      sum = next;
    }
    return sum;
  }

  /** Copies [start, start + length) floats of a buffer into latents of their own. */
  copyOut(source: GPUBuffer, start: number, length: number): GpuLatents {
    const latents = this.allocate(length);
    this.copy(source, start, latents.buffer, 0, length);
    return latents;
  }

  /** Copies floats between buffers of this device. */
  copy(source: GPUBuffer, from: number, target: GPUBuffer, to: number, length: number): void {
    const encoder = this.#gpu.createCommandEncoder();
    encoder.copyBufferToBuffer(source, from * 4, target, to * 4, length * 4);
    this.#gpu.queue.submit([encoder.finish()]);
  }

  async download(x: GpuLatents): Promise<Float32Array> {
    const bytes = x.length * 4;
    const staging = this.#gpu.createBuffer({
      size: bytes,
      usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
    });
    try {
      const encoder = this.#gpu.createCommandEncoder();
      encoder.copyBufferToBuffer(x.buffer, 0, staging, 0, bytes);
      this.#gpu.queue.submit([encoder.finish()]);
      await this.#runtime.waitForDevice("latents", () => staging.mapAsync(GPUMapMode.READ));
      return new Float32Array(staging.getMappedRange().slice(0));
    } finally {
      staging.destroy();
    }
  }

  release(x: GpuLatents): void {
    if (this.#live.delete(x.buffer)) x.buffer.destroy();
  }

  /** Frees what was never released. */
  dispose(): void {
    for (const buffer of this.#live) buffer.destroy();
    this.#live.clear();
  }

  #pass(terms: readonly (readonly [number, GpuLatents])[], length: number): GpuLatents {
    const sum = this.allocate(length);
    const job = new ArrayBuffer(UNIFORM_BYTES);
    new Float32Array(job, 0, TERMS).set(terms.map(([weight]) => weight));
    new Uint32Array(job, 16, 2).set([length, terms.length]);
    const uniform = this.#gpu.createBuffer({
      size: UNIFORM_BYTES,
      usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
    });
    this.#gpu.queue.writeBuffer(uniform, 0, job);
    const buffers = Array.from({ length: TERMS }, (_, i) => (terms[i] ?? terms[0])[1].buffer);
    const bindings = [sum.buffer, ...buffers, uniform];
    const encoder = this.#gpu.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(this.#pipeline);
    pass.setBindGroup(
      0,
      this.#gpu.createBindGroup({
        layout: this.#pipeline.getBindGroupLayout(0),
        entries: bindings.map((buffer, binding) => ({ binding, resource: { buffer } })),
      }),
    );
    const groups = Math.ceil(length / WORKGROUP);
    const columns = Math.min(groups, this.#gpu.limits.maxComputeWorkgroupsPerDimension);
    pass.dispatchWorkgroups(columns, Math.ceil(groups / columns));
    pass.end();
    this.#gpu.queue.submit([encoder.finish()]);
    uniform.destroy(); // submitted work keeps it alive
    return sum;
  }
}
