// Chooses the device that runs the graphs and says why, in words. Creates no session.

import { AppError } from "../protocol/app-error.ts";
import type { DevicePreference, DeviceReport } from "../protocol/engine-api.ts";

/** Where sessions run. A WebGPU device is ours: we request it, share it between sessions and destroy it. */
export type ComputeDevice =
  | { readonly kind: "wasm"; readonly report: DeviceReport }
  | { readonly kind: "webgpu"; readonly report: DeviceReport; readonly gpu: GPUDevice };

/** Adapters that compute on the CPU: slower than the WASM kernels by an order of magnitude. */
const SOFTWARE_ADAPTER = /swiftshader|llvmpipe|lavapipe|basic render|softpipe|software/i;

/** The runtime's FlashAttention assumes subgroups of at least 8 and computes wrong values below. */
const MIN_SUBGROUP_SIZE = 8;

/** Limits the runtime can use; each is raised to what the adapter has. */
const LIMITS = [
  "maxBufferSize",
  "maxStorageBufferBindingSize",
  "maxComputeWorkgroupStorageSize",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupSizeX",
  "maxComputeWorkgroupSizeY",
  "maxComputeWorkgroupSizeZ",
  "maxStorageBuffersPerShaderStage",
  "maxComputeWorkgroupsPerDimension",
] as const satisfies readonly (keyof GPUSupportedLimits)[];

function adapterName(info: GPUAdapterInfo): string {
  const parts = [info.vendor, info.architecture, info.device, info.description].filter((part) => part !== "");
  return [...new Set(parts)].join(" ") || "unnamed adapter";
}

/** True for adapters that only imitate a GPU. */
export function isSoftwareAdapter(
  info: Pick<GPUAdapterInfo, "vendor" | "architecture" | "device" | "description"> & {
    readonly isFallbackAdapter?: boolean;
  },
): boolean {
  const name = `${info.vendor} ${info.architecture} ${info.device} ${info.description}`;
  return info.isFallbackAdapter === true || SOFTWARE_ADAPTER.test(name);
}

function wasmDevice(reason: string, threads: number): ComputeDevice {
  const cpu = `WebAssembly SIMD, ${threads === 1 ? "1 thread" : `${threads} threads`}`;
  return {
    kind: "wasm",
    report: { device: "wasm", precision: "float32", threads, description: cpu, reason },
  };
}

async function openGpu(adapter: GPUAdapter, wished: readonly GPUFeatureName[]): Promise<GPUDevice> {
  const features = wished.filter((feature) => adapter.features.has(feature));
  if (adapter.features.has("shader-f16")) features.push("shader-f16");
  if (adapter.features.has("subgroups") && (adapter.info.subgroupMinSize ?? 0) >= MIN_SUBGROUP_SIZE) {
    features.push("subgroups");
  }
  const requiredLimits: Record<string, number> = {};
  for (const limit of LIMITS) {
    const value = adapter.limits[limit] as number | undefined; // older browsers lack some of them
    if (value !== undefined) requiredLimits[limit] = value;
  }
  return adapter.requestDevice({ requiredFeatures: features, requiredLimits });
}

/**
 * "auto" takes WebGPU when a real adapter exists; "webgpu" takes any adapter (tests run on a software one) and rejects with
 * Unsupported when there is none; "wasm" never asks. `wished` features are taken where the adapter has them.
 */
export async function chooseDevice(
  preference: DevicePreference,
  threads: number,
  wished: readonly GPUFeatureName[] = [],
): Promise<ComputeDevice> {
  if (preference === "wasm") return wasmDevice("The processor was chosen in the settings.", threads);
  const gpu = (navigator as Partial<Pick<Navigator, "gpu">>).gpu;
  const adapter = await gpu?.requestAdapter({ powerPreference: "high-performance" }).catch(() => null);
  if (!adapter) {
    const missing = gpu ? "This browser found no WebGPU adapter." : "This browser has no WebGPU.";
    if (preference === "auto") return wasmDevice(`${missing} The processor computes instead.`, threads);
    throw new AppError(
      "Unsupported",
      `${missing} Choose the automatic device or the processor in the settings.`,
      {
        where: "device",
        expected: "a WebGPU adapter",
        got: gpu ? "none" : "no navigator.gpu",
      },
    );
  }
  const name = adapterName(adapter.info);
  const software = isSoftwareAdapter(adapter.info);
  if (software && preference === "auto") {
    return wasmDevice(
      `The only WebGPU adapter (${name}) is a software one, slower than computing on the processor directly.`,
      threads,
    );
  }
  const device = await openGpu(adapter, wished);
  const precision = device.features.has("shader-f16") ? "float16" : "float32";
  const why = preference === "auto" ? "A WebGPU adapter was found" : "WebGPU was chosen in the settings";
  const how =
    precision === "float16" ? "it computes in float16" : "it has no float16 shaders, so float32 is used";
  return {
    kind: "webgpu",
    gpu: device,
    report: { device: "webgpu", precision, threads, description: name, reason: `${why}; ${how}.` },
  };
}
