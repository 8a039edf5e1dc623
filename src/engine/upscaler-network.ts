// Where an upscaler's graph comes from: built of a file's weights, or published as it is. The upscaling job asks for either in the same
// words. Holds no session.

import type { Size } from "../imaging/resize.ts";
import type { Dialect, Precision } from "../models/dialects.ts";
import {
  detectExportedUpscaler,
  exportedUpscaler,
  upscalerBytesPerPixel,
} from "../models/exports/exported-upscaler.ts";
import { buildUpscaler, largestTensorBytesPerPixel } from "../models/upscalers/build-upscaler.ts";
import { detectUpscaler } from "../models/upscalers/detect-upscaler.ts";
import type { OnnxModel } from "../onnx/onnx-model.ts";
import type { ModelRecord } from "../protocol/library-api.ts";
import type { ByteSource } from "../weights/byte-source.ts";
import { readOnnxFile } from "../weights/onnx/onnx-file.ts";
import { openCheckpoint } from "../weights/open-checkpoint.ts";

export interface UpscalerNetwork {
  /** Output pixels per input pixel along one side. */
  readonly scale: number;
  /** The only tile that goes in, smaller ones being filled up; absent where any size does. */
  readonly tile?: Size;
  /** Bytes of its largest tensor, per pixel that goes in. */
  bytesPerPixel(precision: Precision): number;
  graph(dialect: Dialect, height: number, width: number): OnnxModel | Promise<OnnxModel>;
}

export async function openUpscalerNetwork(
  source: ByteSource,
  { format, name }: ModelRecord,
): Promise<UpscalerNetwork> {
  if (format === "onnx") {
    const detected = detectExportedUpscaler(await readOnnxFile(source));
    const { scale, tile } = detected;
    return {
      scale,
      ...(tile && { tile }),
      bytesPerPixel: () => upscalerBytesPerPixel(detected),
      graph: async (_dialect, height, width) => ({
        ...(await exportedUpscaler(detected, height, width)),
        published: name,
      }),
    };
  }
  const { checkpoint, config } = detectUpscaler(await openCheckpoint(source));
  return {
    scale: config.scale,
    bytesPerPixel: (precision) => largestTensorBytesPerPixel(config, precision),
    graph: (dialect, height, width) => buildUpscaler(checkpoint, config, { dialect, height, width }),
  };
}
