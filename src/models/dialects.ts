// Which operators and number format a graph uses, per device and precision: one row each. Layers say what is computed,
// this table says how. The float32 WASM row is the reference that every other row is tested against.

import type { OnnxDType } from "../onnx/onnx-model.ts";

export type DialectId = "wasm-float32" | "wasm-compact" | "webgpu-float32" | "webgpu-float16";
export type Device = "wasm" | "webgpu";
export type Precision = "float32" | "float16";

export interface Dialect {
  readonly id: DialectId;
  readonly device: Device;
  /**
   * Number format of the UNet's and text encoder's bodies. Islands that stay float32 everywhere, with the relative error without and
   * with them in an emulation of float16 (tools/bench/float16_islands.py, docs/benchmarks.md; none was measured on a GPU):
   *   VAE decoder, all of it            1.2e-3 to 0; at full size published ones leave float16's range
   *   VAE encoder, all of it            1.6e-3 to 0
   *   UNet's timestep embedding         1.69e-3 to 8.9e-4, of SD 1.5's predictions: angles up to 999 lose their fractions
   *   UNet's last norm and convolution  9.5e-4 to 8.9e-4
   *   UNet's first convolution          9.0e-4 to 8.9e-4
   * Attention logits are none: they would take 8.9e-4 to 8.8e-4. Text encoders have none: 7.5e-4.
   */
  readonly precision: OnnxDType & Precision;
  /**
   * Projection widths for which the device has BiasSplitGelu. At other widths the gated GELU runs as two projections, one per
   * half of the published weight, so that nothing has to be split at run time.
   */
  readonly biasSplitGeluWidths: readonly number[];
  /**
   * 3x3 convolutions as row-wise Winograd convolutions, where layers/row-winograd.ts says they fit. The CPU's convolutions run
   * at the speed of its multiplications, so half as many take little more than half the time. float32 only.
   */
  readonly rowWinograd: boolean;
  /**
   * A doubling by nearest neighbours and the 3x3 convolution behind it as nine products of each small pixel
   * (layers/doubling-convolution.ts): 0.53 to 0.68 of the time of the row-wise Winograd convolution on the CPU. float32 only, and
   * not where weights are compact.
   */
  readonly doublingConvolution: boolean;
  /**
   * Large weights stay float16 in memory and are widened to float32 each time a node uses one. Half the memory for a few percent
   * of time: how a full-size UNet fits into WebAssembly's heap.
   */
  readonly compactWeights: boolean;
  /** One operator for attention, or its products and softmax written out. All devices have the operator; see the benchmark. */
  readonly fusedAttention: boolean;
  /** What GroupNorm is made of: an instance norm over groups, or a layer norm over them. */
  readonly groupNorm: "instance" | "layer";
  /** Scores [tokens, tokens] of the VAE's attention are computed in row chunks of at most this many bytes. */
  readonly maxScoreBytes: number;
  /**
   * Head width times queries times keys of one fused attention must stay below this; more queries attend in turn. The WASM kernel
   * counts twice that product in 32 bits and refuses to run: heads of 64 reach it at 4096 tokens, which is 512x512 pixels for SD 2.x
   * and 1024x1024 for SDXL.
   */
  readonly maxAttentionWork: number;
}

const MIB = 2 ** 20;
const WASM_ATTENTION_WORK = 2 ** 30;

/** ONNX Runtime 1.30 refuses all others: these are the widths of SD 1.x, 2.x and XL. */
const WEBGPU_BIAS_SPLIT_GELU_WIDTHS = [2560, 5120, 10240];

const FUSED = { fusedAttention: true, groupNorm: "instance" } as const;

export const dialects: Readonly<Record<DialectId, Dialect>> = {
  "wasm-float32": {
    id: "wasm-float32",
    device: "wasm",
    precision: "float32",
    biasSplitGeluWidths: [],
    rowWinograd: true,
    doublingConvolution: true,
    compactWeights: false,
    ...FUSED,
    maxScoreBytes: 64 * MIB,
    maxAttentionWork: WASM_ATTENTION_WORK,
  },
  "wasm-compact": {
    id: "wasm-compact",
    device: "wasm",
    precision: "float32",
    biasSplitGeluWidths: [],
    rowWinograd: false, // its transformed kernels are twice the weights
    doublingConvolution: true, // those are as many; only the VAE's weights are not compact
    compactWeights: true,
    ...FUSED,
    maxScoreBytes: 64 * MIB,
    maxAttentionWork: WASM_ATTENTION_WORK,
  },
  "webgpu-float32": {
    id: "webgpu-float32",
    device: "webgpu",
    precision: "float32",
    biasSplitGeluWidths: WEBGPU_BIAS_SPLIT_GELU_WIDTHS,
    rowWinograd: false,
    doublingConvolution: false,
    compactWeights: false,
    ...FUSED,
    maxScoreBytes: 128 * MIB, // the smallest maxStorageBufferBindingSize a WebGPU device may have
    maxAttentionWork: Infinity,
  },
  "webgpu-float16": {
    id: "webgpu-float16",
    device: "webgpu",
    precision: "float16",
    biasSplitGeluWidths: WEBGPU_BIAS_SPLIT_GELU_WIDTHS,
    rowWinograd: false,
    doublingConvolution: false,
    compactWeights: false,
    ...FUSED,
    maxScoreBytes: 128 * MIB,
    maxAttentionWork: Infinity,
  },
};

/** For networks that float16 is too coarse for even as a way to keep weights: the VAE. */
export const withWholeWeights = (dialect: Dialect): Dialect => ({ ...dialect, compactWeights: false });

/** `compact`: memory is tight, so weights take as little as the device can compute with. */
export function dialectFor(device: Device, precision: Precision, compact = false): Dialect {
  if (device === "wasm") return dialects[compact ? "wasm-compact" : "wasm-float32"];
  return dialects[`webgpu-${precision}`];
}
