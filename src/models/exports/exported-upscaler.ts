// An upscaler that is published as one .onnx file: recognised by its ports, and run between nodes that bring tiles to the size and
// type it was exported for. Reads no weight.

import { GraphBuilder } from "../../onnx/graph-builder.ts";
import type { Value } from "../../onnx/graph.ts";
import type { OnnxDType, OnnxModel } from "../../onnx/onnx-model.ts";
import { cast, identity } from "../../onnx/ops.ts";
import { slice } from "../../onnx/shape-ops.ts";
import { padEnd } from "../../onnx/pixel-ops.ts";
import { BYTES_PER_ELEMENT } from "../../onnx/tensor-bytes.ts";
import { AppError } from "../../protocol/app-error.ts";
import type { OnnxDim, OnnxFile, OnnxPort } from "../../weights/onnx/onnx-file.ts";
import { readEmbeddedGraph } from "./embedded-graph.ts";

export interface ExportedUpscaler {
  readonly file: OnnxFile;
  /** Output pixels per input pixel along one side. */
  readonly scale: number;
  /** The only size of tile that it takes; absent where any will do. */
  readonly tile?: { readonly width: number; readonly height: number };
  readonly dtype: OnnxDType & ("float32" | "float16");
}

const PIXEL_CHANNELS = 3;
const MAX_SCALE = 8;
/** Tiles overlap by 16: smaller ones would mostly be done twice. */
const MIN_TILE = 48;
const DTYPES: Readonly<Record<number, ExportedUpscaler["dtype"]>> = { 1: "float32", 10: "float16" };
// ESRGAN's, which is more than others have.
const WIDEST_LAYER = 64;
/** "4x-UltraSharp", "RealESRGAN_x4plus": how upscalers are named wherever they are published. */
const SCALE_IN_NAME = /(?:^|[^0-9a-z])([1-8])x(?![0-9])|x([1-8])(?![0-9])/i;
/** As exporters that keep relations between axes write them. */
const SCALE_OF_AXIS = /^\(?(\d)\s*\*\s*\w+\)?$|^\(?\w+\s*\*\s*(\d)\)?$/;

/** @throws AppError UnsupportedModel that says what the graph is instead, or what is missing. */
export function detectExportedUpscaler(file: OnnxFile): ExportedUpscaler {
  const [input] = file.inputs;
  const [output] = file.outputs;
  const shape = ({ name, dims }: OnnxPort): string =>
    `${name.slice(0, 80)} [${dims.map((dim) => dim ?? "?").join(", ")}]`;
  const takesPixels = (port: OnnxPort): boolean =>
    port.dims.length === 4 &&
    DTYPES[port.elementType] !== undefined &&
    [3, undefined].includes(numberOf(port.dims[1]));
  if (file.inputs.length !== 1 || file.outputs.length !== 1 || !takesPixels(input)) {
    throw unsupported(file, {
      where: "its inputs",
      expected:
        "one picture [1, 3, height, width] of float32 or float16, as an upscaler has; of a model in parts drop the whole folder",
      got: file.inputs.map(shape).join(", "),
    });
  }
  if (file.weights.some(({ place }) => place.kind === "beside")) {
    throw unsupported(file, {
      where: "its weights",
      expected: "inside the file",
      got: "in another file beside it",
    });
  }
  const scale = scaleOf(input, output, file.source.name);
  if (scale === undefined || !Number.isInteger(scale) || scale < 1 || scale > MAX_SCALE) {
    throw unsupported(file, {
      where: "the scale, which its file name should say where its shapes do not",
      expected: 'a name such as "4x-model.onnx"',
      got: scale === undefined ? shape(output) : `a scale of ${scale}`,
    });
  }
  const [height, width] = [numberOf(input.dims[2]), numberOf(input.dims[3])];
  if (height !== undefined && width !== undefined && Math.min(height, width) < MIN_TILE) {
    throw unsupported(file, {
      where: "the size of its pictures",
      expected: `at least ${MIN_TILE} along a side`,
      got: shape(input),
    });
  }
  return {
    file,
    scale,
    ...(height && width && { tile: { width, height } }),
    dtype: DTYPES[input.elementType],
  };
}

function scaleOf(input: OnnxPort, output: OnnxPort, name: string): number | undefined {
  const [from, to] = [numberOf(input.dims[3]), output.dims[3]];
  if (from !== undefined && typeof to === "number") return to / from;
  const match = (typeof to === "string" ? SCALE_OF_AXIS.exec(to) : null) ?? SCALE_IN_NAME.exec(name);
  return match ? Number(match[1] ?? match[2]) : undefined;
}

// pixels [1, 3, height, width] 0..1 ── filled up to the tile ── published network ── cut ── upscaled
export async function exportedUpscaler(
  { file, scale, tile, dtype }: ExportedUpscaler,
  height: number,
  width: number,
): Promise<OnnxModel> {
  const [input] = file.inputs;
  const g = new GraphBuilder("kiln-upscaler", { prefix: "kiln/" });
  const pixels = g.input("pixels", "float32", [1, PIXEL_CHANNELS, height, width]);
  const whole = tile ?? { width, height };
  const filled = padEnd(g, "fill", pixels, whole.height - height, whole.width - width);
  const workingBytes = 3 * upscalerBytesPerPixel({ scale, dtype }) * whole.width * whole.height;
  const embedded = await readEmbeddedGraph({ path: file.source.name, file, beside: new Map() }, workingBytes);
  const shape = [1, PIXEL_CHANNELS, scale * whole.height, scale * whole.width];
  const given: Value = {
    name: file.outputs[0].name,
    dtype: DTYPES[file.outputs[0].elementType] ?? dtype,
    shape,
  };
  const [large] = g.embed(embedded, new Map([[input.name, cast(g, "pixels", filled, dtype)]]), [given]);
  const cut = (x: Value, axis: 2 | 3, extent: number): Value =>
    x.shape[axis] === extent ? x : slice(g, "cut", x, { axis, start: 0, step: 1, extent });
  const kept = cut(cut(large, 2, scale * height), 3, scale * width);
  g.output(
    "upscaled",
    kept.dtype === "float32" ? identity(g, "upscaled", kept) : cast(g, "upscaled", kept, "float32"),
  );
  return { ...g.build(), widensWeights: dtype === "float16" };
}

/** As build-upscaler.ts counts them, for the widest network that is common. */
export function upscalerBytesPerPixel({ scale, dtype }: Pick<ExportedUpscaler, "scale" | "dtype">): number {
  return WIDEST_LAYER * scale ** 2 * BYTES_PER_ELEMENT[dtype];
}

const numberOf = (dim: OnnxDim): number | undefined => (typeof dim === "number" ? dim : undefined);

function unsupported(file: OnnxFile, fault: { where: string; expected: string; got: string }): AppError {
  const { name } = file.source;
  return new AppError(
    "UnsupportedModel",
    `${name} is an ONNX graph that Kiln cannot use: ${fault.where} should be ${fault.expected}, got ${fault.got}.`,
    { file: name, ...fault },
  );
}
