// Writes ONNX ModelProto bytes. Knows protobuf and the ONNX schema; knows nothing of diffusion or of shapes being right.
// Field numbers are those of onnx/onnx.proto (IR version 8).

import type { Attribute, GraphNode, InlineConstant, Subgraph, Value } from "./graph.ts";
import type { EmbeddedGraph } from "./embedded-graph.ts";
import type { ExternalData, ExternalTensor, OnnxDType, OnnxValueInfo } from "./onnx-model.ts";
import { ProtobufWriter } from "./protobuf-writer.ts";

const IR_VERSION = 8;
/** The first version with LayerNormalization. */
const ONNX_OPSET = 17;
const MICROSOFT_OPSET = 1;

const ELEMENT_TYPES: Readonly<Record<OnnxDType, number>> = {
  float32: 1,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
};

const DATA_LOCATION_EXTERNAL = 1;

/** The number TensorProto.DataType gives a dtype; also the `to` attribute of Cast. */
export function elementType(dtype: OnnxDType): number {
  return ELEMENT_TYPES[dtype];
}

export interface ModelProtoParts {
  readonly name: string;
  /** Before `nodes`: another graph's, and nodes that it needs. */
  readonly embedded?: { readonly before: readonly GraphNode[]; readonly graph: EmbeddedGraph };
  readonly nodes: readonly GraphNode[];
  readonly constants: readonly InlineConstant[];
  readonly externals: readonly { readonly value: Value; readonly tensor: ExternalTensor }[];
  readonly inputs: readonly OnnxValueInfo[];
  readonly outputs: readonly OnnxValueInfo[];
}

const OWN_OPSETS = [
  { domain: "", version: ONNX_OPSET },
  { domain: "com.microsoft", version: MICROSOFT_OPSET },
];

export function writeModelProto(parts: ModelProtoParts): Uint8Array<ArrayBuffer> {
  const { irVersion, opsets, functions } = parts.embedded?.graph ?? {
    irVersion: IR_VERSION,
    opsets: OWN_OPSETS,
    functions: [],
  };
  const model = new ProtobufWriter()
    .varint(1, irVersion)
    .string(2, "kiln")
    .message(7, (graph) => writeGraph(graph, parts));
  for (const { domain, version } of opsets)
    model.message(8, (opset) => opset.string(1, domain).varint(2, version));
  for (const fields of functions) model.fields(fields);
  return model.finish();
}

function writeGraph(graph: ProtobufWriter, parts: ModelProtoParts): void {
  if (parts.embedded) writeEmbedded(graph, parts.embedded);
  for (const node of parts.nodes) graph.message(1, (message) => writeNode(message, node));
  graph.string(2, parts.name);
  for (const { value, bytes } of parts.constants) {
    graph.message(5, (tensor) => {
      writeTensorHead(tensor, value);
      tensor.bytes(9, bytes);
    });
  }
  for (const { value, tensor } of parts.externals) {
    graph.message(5, (message) => {
      writeTensorHead(message, value);
      writeLocation(message, tensor);
    });
  }
  for (const input of parts.inputs) graph.message(11, (message) => writeValueInfo(message, input));
  for (const output of parts.outputs) graph.message(12, (message) => writeValueInfo(message, output));
}

function writeEmbedded(graph: ProtobufWriter, embedded: ModelProtoParts["embedded"] & object): void {
  for (const node of embedded.before) graph.message(1, (message) => writeNode(message, node));
  for (const fields of embedded.graph.fields) graph.fields(fields);
  for (const { name, elementType: type, shape, data } of embedded.graph.weights) {
    graph.message(5, (message) => {
      for (const extent of shape) message.varint(1, extent);
      message.varint(2, type).string(8, name);
      if (data instanceof Uint8Array) message.bytes(9, data);
      else writeLocation(message, data);
    });
  }
}

function writeLocation(message: ProtobufWriter, { location, byteLength }: ExternalData): void {
  const entries = { location, offset: "0", length: String(byteLength) };
  for (const [key, entry] of Object.entries(entries)) {
    message.message(13, (pair) => pair.string(1, key).string(2, entry));
  }
  message.varint(14, DATA_LOCATION_EXTERNAL);
}

function writeSubgraph(message: ProtobufWriter, { name, nodes, output }: Subgraph): void {
  for (const node of nodes) message.message(1, (part) => writeNode(part, node));
  message.string(2, name);
  message.message(12, (part) => writeValueInfo(part, { ...output, anyShape: true }));
}

function writeNode(message: ProtobufWriter, node: GraphNode): void {
  for (const input of node.inputs) message.string(1, input);
  for (const output of node.outputs) message.string(2, output);
  message.string(3, node.name).string(4, node.opType);
  for (const [name, attribute] of Object.entries(node.attributes)) {
    message.message(5, (field) => writeAttribute(field, name, attribute));
  }
  if (node.domain !== "") message.string(7, node.domain);
}

function writeAttribute(message: ProtobufWriter, name: string, attribute: Attribute): void {
  message.string(1, name);
  switch (attribute.kind) {
    case "float":
      message.float(2, attribute.value).varint(20, 1);
      break;
    case "int":
      message.varint(3, attribute.value).varint(20, 2);
      break;
    case "string":
      message.string(4, attribute.value).varint(20, 3);
      break;
    case "ints":
      for (const value of attribute.value) message.varint(8, value);
      message.varint(20, 7);
      break;
    case "graph":
      message.message(6, (graph) => writeSubgraph(graph, attribute.value)).varint(20, 5);
      break;
    default:
      attribute satisfies never;
  }
}

function writeTensorHead(message: ProtobufWriter, value: Value): void {
  for (const extent of value.shape) message.varint(1, extent);
  message.varint(2, ELEMENT_TYPES[value.dtype]).string(8, value.name);
}

function writeValueInfo(message: ProtobufWriter, info: OnnxValueInfo): void {
  message.string(1, info.name).message(2, (type) =>
    type.message(1, (tensor) => {
      tensor.varint(1, ELEMENT_TYPES[info.dtype]);
      if (info.anyShape) return;
      tensor.message(2, (shape) => {
        for (const extent of info.shape) shape.message(1, (dim) => dim.varint(1, extent));
      });
    }),
  );
}
