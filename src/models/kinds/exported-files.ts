// What published ONNX graphs are in the library: a folder of networks is a checkpoint, a single graph over pixels an upscaler.

import type { OnnxFile } from "../../weights/onnx/onnx-file.ts";
import type { ExportedModel } from "../exports/exported-model.ts";
import { detectExportedUpscaler } from "../exports/exported-upscaler.ts";
import type { DetectedFile } from "./detected-file.ts";

export function exportedModelFile(model: ExportedModel): DetectedFile {
  const { width, height, batch } = model.fixed;
  const fixed = { ...(width && { width }), ...(height && { height }), ...(batch && { batch }) };
  return {
    type: "checkpoint",
    family: model.family.id,
    model,
    format: "onnx",
    dtype: model.dtype,
    ...(Object.keys(fixed).length > 0 && { fixed }),
  };
}

/** @throws AppError UnsupportedModel */
export function exportedUpscalerFile(file: OnnxFile): DetectedFile {
  const { scale, dtype } = detectExportedUpscaler(file);
  return { type: "upscaler", family: "", scale, format: "onnx", dtype: dtype === "float16" ? "F16" : "F32" };
}
