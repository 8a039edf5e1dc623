// Writes .onnx files for tests: ports, weights inside or beside, nodes that are never run. Not a graph builder.

import { ProtobufWriter } from "../../src/onnx/protobuf-writer.ts";
import type { OnnxDim } from "../../src/weights/onnx/onnx-file.ts";
import type { SparsePiece } from "./sparse-source.ts";

export const ELEMENT = { float32: 1, uint8: 2, int32: 6, int64: 7, float16: 10 } as const;

export interface PortToWrite {
  readonly name: string;
  readonly type: keyof typeof ELEMENT;
  readonly dims: readonly OnnxDim[];
}

export interface WeightToWrite {
  readonly name: string;
  readonly type: keyof typeof ELEMENT;
  readonly shape: readonly number[];
  /** Inside the file. */
  readonly raw?: Uint8Array;
  /** In a file beside it: the entries of `external_data`. */
  readonly beside?: Readonly<Record<string, string>>;
}

export interface NodeToWrite {
  readonly opType: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly ints?: Readonly<Record<string, number>>;
  readonly domain?: string;
}

export interface OnnxToWrite {
  readonly inputs: readonly PortToWrite[];
  readonly outputs: readonly PortToWrite[];
  readonly weights?: readonly WeightToWrite[];
  readonly nodes?: readonly NodeToWrite[];
  readonly opset?: number;
}

export function onnxFile(file: OnnxToWrite): Uint8Array<ArrayBuffer> {
  const model = new ProtobufWriter()
    .varint(1, 8)
    .string(2, "test")
    .message(7, (graph) => writeGraph(graph, file))
    .message(8, (opset) => opset.string(1, "").varint(2, file.opset ?? 17));
  const domains = new Set((file.nodes ?? []).flatMap(({ domain }) => domain ?? []));
  for (const domain of domains) model.message(8, (opset) => opset.string(1, domain).varint(2, 1));
  return model.finish();
}

/** A file of gigabytes: the same, and weights whose bytes are not there, in their order behind its own. */
export function sparseOnnxFile(
  file: OnnxToWrite,
  weights: readonly { readonly name: string; readonly shape: readonly number[] }[],
): SparsePiece[] {
  const graph = new ProtobufWriter();
  writeGraph(graph, file);
  const tensors = weights.flatMap(({ name, shape }): SparsePiece[] => {
    const bytes = shape.reduce((product, extent) => product * extent, 2); // float16
    const head = new ProtobufWriter();
    for (const extent of shape) head.varint(1, extent);
    const before = withLength(head.varint(2, ELEMENT.float16).string(8, name).finish(), RAW_DATA, bytes);
    return [withLength(new Uint8Array(0), INITIALIZER, before.length + bytes), before, bytes];
  });
  const body: SparsePiece[] = [graph.finish(), ...tensors];
  const length = body.reduce<number>(
    (sum, piece) => sum + (typeof piece === "number" ? piece : piece.length),
    0,
  );
  const opset = new ProtobufWriter().varint(1, 8).message(8, (set) => set.string(1, "").varint(2, 17));
  return [withLength(opset.finish(), GRAPH, length), ...body];
}

const [GRAPH, INITIALIZER, RAW_DATA] = [7, 5, 9];

/** A field's tag and length behind `before`; its bytes are elsewhere. */
function withLength(before: Uint8Array, field: number, length: number): Uint8Array {
  const varint = (value: number): number[] =>
    value < 128 ? [value] : [(value % 128) + 128, ...varint(Math.floor(value / 128))];
  return Uint8Array.from([...before, field * 8 + 2, ...varint(length)]);
}

function writeGraph(graph: ProtobufWriter, file: OnnxToWrite): void {
  for (const node of file.nodes ?? []) graph.message(1, (message) => writeNode(message, node));
  graph.string(2, "graph");
  for (const weight of file.weights ?? []) graph.message(5, (message) => writeWeight(message, weight));
  for (const port of file.inputs) graph.message(11, (message) => writePort(message, port));
  for (const port of file.outputs) graph.message(12, (message) => writePort(message, port));
}

function writeNode(
  message: ProtobufWriter,
  { opType, inputs, outputs, ints = {}, domain }: NodeToWrite,
): void {
  for (const name of inputs) message.string(1, name);
  for (const name of outputs) message.string(2, name);
  message.string(3, `/${opType}`).string(4, opType);
  for (const [name, value] of Object.entries(ints))
    message.message(5, (attribute) => attribute.string(1, name).varint(3, value).varint(20, 2));
  if (domain !== undefined) message.string(7, domain);
}

function writeWeight(message: ProtobufWriter, { name, type, shape, raw, beside }: WeightToWrite): void {
  for (const extent of shape) message.varint(1, extent);
  message.varint(2, ELEMENT[type]).string(8, name);
  if (raw) message.bytes(9, raw);
  if (!beside) return;
  for (const [key, value] of Object.entries(beside))
    message.message(13, (pair) => pair.string(1, key).string(2, value));
  message.varint(14, 1);
}

function writePort(message: ProtobufWriter, { name, type, dims }: PortToWrite): void {
  message.string(1, name).message(2, (value) =>
    value.message(1, (tensor) =>
      tensor.varint(1, ELEMENT[type]).message(2, (shape) => {
        for (const dim of dims)
          shape.message(1, (axis) => {
            if (typeof dim === "number") axis.varint(1, dim);
            if (typeof dim === "string") axis.string(2, dim);
          });
      }),
    ),
  );
}
