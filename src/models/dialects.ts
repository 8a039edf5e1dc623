// Which operators and number format a graph uses, per device and precision: one row each. Layers say what is computed,
// this table says how. The float32 WASM row is the reference that every other row is tested against.

import type { OnnxDType } from "../onnx/onnx-model.ts";

export type DialectId = "wasm-float32" | "webgpu-float32" | "webgpu-float16";
export type Device = "wasm" | "webgpu";
export type Precision = "float32" | "float16";

export interface Dialect {
  readonly id: DialectId;
  readonly device: Device;
  /**
   * Number format of the UNet's and text encoder's bodies. The VAE, the UNet's first and last convolutions and the timestep
   * embedding stay float32 everywhere: float16 sums overflow there.
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
  /** Scores [tokens, tokens] of the VAE's attention are computed in row chunks of at most this many bytes. */
  readonly maxScoreBytes: number;
}

const MIB = 2 ** 20;

/** ONNX Runtime 1.30 refuses all others: these are the widths of SD 1.x, 2.x and XL. */
const WEBGPU_BIAS_SPLIT_GELU_WIDTHS = [2560, 5120, 10240];

export const dialects: Readonly<Record<DialectId, Dialect>> = {
  "wasm-float32": {
    id: "wasm-float32",
    device: "wasm",
    precision: "float32",
    biasSplitGeluWidths: [],
    rowWinograd: true,
    maxScoreBytes: 64 * MIB,
  },
  "webgpu-float32": {
    id: "webgpu-float32",
    device: "webgpu",
    precision: "float32",
    biasSplitGeluWidths: WEBGPU_BIAS_SPLIT_GELU_WIDTHS,
    rowWinograd: false,
    maxScoreBytes: 128 * MIB, // the smallest maxStorageBufferBindingSize a WebGPU device may have
  },
  "webgpu-float16": {
    id: "webgpu-float16",
    device: "webgpu",
    precision: "float16",
    biasSplitGeluWidths: WEBGPU_BIAS_SPLIT_GELU_WIDTHS,
    rowWinograd: false,
    maxScoreBytes: 128 * MIB,
  },
};

export function dialectFor(device: Device, precision: Precision): Dialect {
  if (device === "wasm") return dialects["wasm-float32"];
  return dialects[`webgpu-${precision}`];
}
