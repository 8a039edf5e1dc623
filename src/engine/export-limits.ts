// What a model that is published as ONNX graphs cannot do, said before anything is loaded. Knows no session.

import { isExported, type AnyModel } from "../models/exports/exported-model.ts";
import { invalidExport } from "../models/exports/export-error.ts";
import { AppError } from "../protocol/app-error.ts";
import type { GenerationRequest } from "../protocol/generation-request.ts";
import type { ModelRecord } from "../protocol/library-api.ts";

/** @throws AppError InvalidRequest for a size or a batch that the graphs were not made for. */
export function requireExportFits(
  model: AnyModel,
  { name }: ModelRecord,
  { width, height, batchSize }: Pick<GenerationRequest, "width" | "height" | "batchSize">,
): void {
  if (!isExported(model)) return;
  const { fixed } = model;
  const wanted = { width: fixed.width ?? width, height: fixed.height ?? height };
  if (wanted.width !== width || wanted.height !== height) {
    const what = `makes pictures of ${wanted.width}x${wanted.height} only: set that size`;
    throw invalidExport(wanted.width === width ? "height" : "width", name, what, `${width}x${height}`);
  }
  if (fixed.batch !== undefined && batchSize > fixed.batch)
    throw invalidExport(
      "batchSize",
      name,
      `makes ${fixed.batch} at a time: set a batch size of at most ${fixed.batch}`,
      batchSize,
    );
}

/** @throws AppError UnsupportedModel when LoRAs are asked of published graphs. */
export function requireAdaptable(model: AnyModel, { name }: ModelRecord, loras: number): void {
  if (loras === 0 || !isExported(model)) return;
  throw new AppError(
    "UnsupportedModel",
    `${name} is published as ONNX graphs, which take no LoRA. Switch the LoRAs off, or use the same model's .safetensors file.`,
    { where: name, expected: "no LoRA", got: `${loras}` },
  );
}

/** @throws AppError UnsupportedModel when graphs in float16 meet a GPU without it. */
export function requireComputable(
  model: AnyModel,
  { name }: ModelRecord,
  device: { readonly kind: "wasm" | "webgpu"; readonly precision: "float16" | "float32" },
): void {
  if (!isExported(model) || model.dtype !== "F16") return;
  if (device.kind === "wasm" || device.precision === "float16") return;
  throw new AppError(
    "UnsupportedModel",
    `${name} is published as ONNX graphs in float16, which this GPU does not compute in. Choose the processor in Settings, or use ` +
      `the same model's .safetensors file.`,
    { where: name, expected: "a GPU with shader-f16", got: "one without" },
  );
}
