// Reads of an .onnx file what tells what it is: inputs, outputs, operator sets, and where its weights lie. Skips the weights and
// understands no operator; which model a graph belongs to is models/exports/.
// Field numbers are those of onnx/onnx.proto.

import type { ByteSource } from "../byte-source.ts";
import { fileFormatError, quoted } from "../file-format.ts";
import { type ProtobufField, ProtobufReader } from "./protobuf-fields.ts";

/** Start and end, absolute. */
export type FileRange = readonly [start: number, end: number];

/** A number where the export fixed it, a name or nothing where every run may bring its own. */
export type OnnxDim = number | string | undefined;

export interface OnnxPort {
  readonly name: string;
  /** TensorProto.DataType; 0 where it is no tensor. */
  readonly elementType: number;
  readonly dims: readonly OnnxDim[];
}

export interface OnnxWeight {
  readonly name: string;
  /** TensorProto.DataType. */
  readonly elementType: number;
  readonly shape: readonly number[];
  readonly place:
    | { readonly kind: "inside"; readonly range: FileRange }
    /** In another file, named relative to this one. `length` is absent where the file does not say. */
    | {
        readonly kind: "beside";
        readonly file: string;
        readonly offset: number;
        readonly length: number | undefined;
      };
}

export interface OnnxFile {
  readonly source: ByteSource;
  readonly irVersion: number;
  readonly opsets: readonly { readonly domain: string; readonly version: number }[];
  /** Without the weights that old files list here too. */
  readonly inputs: readonly OnnxPort[];
  readonly outputs: readonly OnnxPort[];
  /** Those whose bytes are worth being read apart, in file order. */
  readonly weights: readonly OnnxWeight[];
  /** Names of all initializers, the small ones too. */
  readonly initializers: ReadonlySet<string>;
  /** The graph's other fields, as they are: nodes, small initializers, value types. */
  readonly graphRanges: readonly FileRange[];
  /** Each node's body, in their order. */
  readonly nodes: readonly FileRange[];
  /** The model's fields that nodes need beside the graph: functions. */
  readonly modelRanges: readonly FileRange[];
}

const MAX_IR_VERSION = 30; // 13 in 2026
const MAX_NAME_BYTES = 4096;
const MAX_RANK = 16;
// A published UNet has 2,000 of them.
const MAX_WEIGHTS = 50_000;
const MAX_NODES = 200_000;
const MAX_PORTS = 4096;
/** Smaller ones are shapes, axes and scalars, which the runtime wants to know before it runs. */
const MIN_WEIGHT_BYTES = 1024;
const MIN_INTEGER_WEIGHT_BYTES = 64 * 2 ** 10;
/** All that is no weight is held in memory while a session is made; 5 MB are common. */
const MAX_STRUCTURE_BYTES = 64 * 2 ** 20;

const MODEL = { irVersion: 1, graph: 7, opset: 8, functions: 25 } as const;
const GRAPH = { node: 1, initializer: 5, input: 11, output: 12, sparseInitializer: 15 } as const;
const INTEGER_TYPES: ReadonlySet<number> = new Set([6, 7, 9, 12, 13]);

/** Bytes of an element, by TensorProto.DataType; 4-bit types are packed and absent. */
export const onnxElementBytes: ReadonlyMap<number, number> = new Map([
  [1, 4],
  [2, 1],
  [3, 1],
  [4, 2],
  [5, 2],
  [6, 4],
  [7, 8],
  [9, 1],
  [10, 2],
  [11, 8],
  [12, 4],
  [13, 8],
  [16, 2],
  [17, 1],
  [19, 1],
]);

/** By the first bytes: an .onnx file begins with its format version, a safetensors file's JSON with a brace at byte 8. */
export function startsLikeOnnx(start: Uint8Array): boolean {
  return (
    start.length > 8 && start[0] === 0x08 && start[1] <= MAX_IR_VERSION && start[1] > 0 && start[8] !== 0x7b
  );
}

/** @throws AppError FileFormat that names the part of the file, what was expected and what was got. */
export async function readOnnxFile(source: ByteSource): Promise<OnnxFile> {
  const reading = new Reading(source);
  await reading.model();
  return reading.result();
}

class Reading {
  readonly #source: ByteSource;
  readonly #reader: ProtobufReader;
  #irVersion = 0;
  #hasGraph = false;
  #structureBytes = 0;
  readonly #opsets: { domain: string; version: number }[] = [];
  readonly #inputs: OnnxPort[] = [];
  readonly #outputs: OnnxPort[] = [];
  readonly #weights: OnnxWeight[] = [];
  readonly #initializers = new Set<string>();
  readonly #graphRanges: [number, number][] = [];
  readonly #nodes: FileRange[] = [];
  readonly #modelRanges: [number, number][] = [];

  constructor(source: ByteSource) {
    this.#source = source;
    this.#reader = new ProtobufReader(source);
  }

  async model(): Promise<void> {
    for await (const field of this.#reader.fields(0, this.#source.byteLength, "the file")) {
      if (field.number === MODEL.irVersion) this.#irVersion = field.value;
      else if (field.number === MODEL.opset) await this.#opset(this.#message(field, "operator set"));
      else if (field.number === MODEL.functions) this.#keep(this.#modelRanges, field);
      else if (field.number === MODEL.graph) {
        if (this.#hasGraph) throw this.#fault("the graph", "one", "a second one");
        this.#hasGraph = true;
        await this.#graph(this.#message(field, "graph"));
      }
    }
  }

  result(): OnnxFile {
    const fits =
      Number.isInteger(this.#irVersion) && this.#irVersion >= 3 && this.#irVersion <= MAX_IR_VERSION;
    if (!fits)
      throw this.#fault("the ONNX format's version", `3 to ${MAX_IR_VERSION}`, String(this.#irVersion));
    if (!this.#hasGraph) throw this.#fault("the file", "an ONNX model with a graph", "none");
    const inputs = this.#inputs.filter(({ name }) => !this.#initializers.has(name));
    if (inputs.length === 0 || this.#outputs.length === 0)
      throw this.#fault(
        "the graph",
        "inputs and outputs",
        `${inputs.length} inputs and ${this.#outputs.length} outputs`,
      );
    return {
      source: this.#source,
      irVersion: this.#irVersion,
      opsets: this.#opsets,
      inputs,
      outputs: this.#outputs,
      weights: this.#weights,
      initializers: this.#initializers,
      graphRanges: this.#graphRanges,
      nodes: this.#nodes,
      modelRanges: this.#modelRanges,
    };
  }

  async #graph({ start, end }: ProtobufField): Promise<void> {
    for await (const field of this.#reader.fields(start, end, "the graph")) {
      switch (field.number) {
        case GRAPH.node:
          if (this.#nodes.push([field.start, field.end]) > MAX_NODES)
            throw this.#fault("the graph", `at most ${MAX_NODES} nodes`, "more");
          this.#keep(this.#graphRanges, this.#message(field, "node"));
          break;
        case GRAPH.initializer:
          await this.#initializer(this.#message(field, "initializer"));
          break;
        case GRAPH.sparseInitializer:
          throw this.#fault("the graph", "dense weights", "sparse ones");
        case GRAPH.input:
          await this.#port(this.#inputs, this.#message(field, "input"));
          break;
        case GRAPH.output:
          await this.#port(this.#outputs, this.#message(field, "output"));
          break;
        default:
          this.#keep(this.#graphRanges, field);
      }
    }
  }

  async #opset({ start, end }: ProtobufField): Promise<void> {
    const opset = { domain: "", version: 0 };
    for await (const field of this.#reader.fields(start, end, "operator set")) {
      if (field.number === 1)
        opset.domain = await this.#reader.text(field, MAX_NAME_BYTES, "operator set's domain");
      if (field.number === 2) opset.version = field.value;
    }
    if (this.#opsets.push(opset) > 100) throw this.#fault("the operator sets", "at most 100", "more");
  }

  // ValueInfoProto: name 1, type 2; TypeProto: tensor_type 1; its elem_type 1 and shape 2; a shape's dim 1: value 1, name 2.
  async #port(ports: OnnxPort[], message: ProtobufField): Promise<void> {
    let name = "";
    let elementType = 0;
    const dims: OnnxDim[] = [];
    const fields = (field: ProtobufField, where: string) =>
      this.#reader.fields(this.#message(field, where).start, field.end, where);
    for await (const field of fields(message, "an input or output")) {
      if (field.number === 1)
        name = await this.#reader.text(field, MAX_NAME_BYTES, "an input or output's name");
      if (field.number !== 2) continue;
      for await (const type of fields(field, quoted(name))) {
        if (type.number !== 1) continue;
        for await (const part of fields(type, quoted(name))) {
          if (part.number === 1) elementType = part.value;
          if (part.number !== 2) continue;
          for await (const dim of fields(part, quoted(name))) {
            if (dim.number === 1) dims.push(await this.#dim(this.#message(dim, quoted(name))));
            if (dims.length > MAX_RANK) throw this.#fault(quoted(name), `at most ${MAX_RANK} axes`, "more");
          }
        }
      }
    }
    if (ports.push({ name, elementType, dims }) > MAX_PORTS)
      throw this.#fault("the graph", `at most ${MAX_PORTS} inputs and outputs`, "more");
  }

  async #dim({ start, end }: ProtobufField): Promise<OnnxDim> {
    let dim: OnnxDim;
    for await (const field of this.#reader.fields(start, end, "an axis")) {
      if (field.number === 1) dim = field.value > 0 ? field.value : undefined;
      if (field.number === 2) dim = (await this.#reader.text(field, MAX_NAME_BYTES, "an axis")) || undefined;
    }
    return dim;
  }

  // TensorProto: dims 1, data_type 2, name 8, raw_data 9, external_data 13, data_location 14; other fields hold small data.
  async #initializer(message: ProtobufField): Promise<void> {
    let name = "";
    let elementType = 0;
    const shape: number[] = [];
    let raw: FileRange | undefined;
    let isBeside = false;
    const beside = new Map<string, string>();
    for await (const field of this.#reader.fields(message.start, message.end, "an initializer")) {
      if (field.number === 1)
        shape.push(
          ...(field.isMessage
            ? await this.#reader.packed(field, MAX_RANK, "an initializer's shape")
            : [field.value]),
        );
      else if (field.number === 2) elementType = field.value;
      else if (field.number === 8)
        name = await this.#reader.text(field, MAX_NAME_BYTES, "an initializer's name");
      else if (field.number === 9) raw = [this.#message(field, "raw data").start, field.end];
      else if (field.number === 13) await this.#pair(beside, this.#message(field, "external data"));
      else if (field.number === 14) isBeside = field.value === 1;
      if (shape.length > MAX_RANK) throw this.#fault(quoted(name), `at most ${MAX_RANK} axes`, "more");
    }
    const where = quoted(name);
    if (name === "" || this.#initializers.has(name))
      throw this.#fault("an initializer", "a name of its own", where);
    this.#initializers.add(name);
    if (!shape.every((extent) => Number.isSafeInteger(extent) && extent >= 0))
      throw this.#fault(where, "a shape", `[${shape.join(", ")}]`);
    const elementBytes = onnxElementBytes.get(elementType);
    const expected = elementBytes && shape.reduce((product, extent) => product * extent, elementBytes);
    if (isBeside) {
      const place = this.#besidePlace(where, beside);
      if (place.length !== undefined && expected !== undefined && place.length !== expected)
        throw this.#fault(where, `${expected} bytes`, `${place.length}`);
      const length = place.length ?? expected;
      if (length === undefined) throw this.#fault(where, "a length", "none");
      this.#weights.push({ name, elementType, shape, place: { ...place, length } });
    } else {
      const length = raw ? raw[1] - raw[0] : 0;
      if (raw && expected !== undefined && length !== expected)
        throw this.#fault(where, `${expected} bytes`, `${length}`);
      const least = INTEGER_TYPES.has(elementType) ? MIN_INTEGER_WEIGHT_BYTES : MIN_WEIGHT_BYTES;
      if (raw && length >= least)
        this.#weights.push({ name, elementType, shape, place: { kind: "inside", range: raw } });
      else this.#keep(this.#graphRanges, message);
    }
    if (this.#weights.length > MAX_WEIGHTS)
      throw this.#fault("the graph", `at most ${MAX_WEIGHTS} weights`, "more");
  }

  #besidePlace(where: string, entries: ReadonlyMap<string, string>) {
    const number = (key: string): number | undefined => {
      const text = entries.get(key);
      if (text === undefined) return undefined;
      const value = Number(text);
      if (/^\d+$/.test(text) && Number.isSafeInteger(value)) return value;
      throw this.#fault(`${where}, ${key}`, "a whole number", quoted(text));
    };
    const file = (entries.get("location") ?? "").replace(/^(\.\/)+/, "");
    // Only names below the model's own folder: no roots, no ways up.
    if (file === "" || /^[/\\]|(^|[/\\])\.\.([/\\]|$)|^[a-z]+:/i.test(file))
      throw this.#fault(`${where}, location`, "the name of a file beside it", quoted(file));
    return { kind: "beside" as const, file, offset: number("offset") ?? 0, length: number("length") };
  }

  async #pair(entries: Map<string, string>, { start, end }: ProtobufField): Promise<void> {
    const pair = ["", ""];
    for await (const field of this.#reader.fields(start, end, "external data"))
      if (field.number <= 2)
        pair[field.number - 1] = await this.#reader.text(field, MAX_NAME_BYTES, "external data");
    if (entries.size < 20) entries.set(pair[0], pair[1]);
  }

  /** Neighbours become one range. */
  #keep(ranges: [number, number][], { tagStart, end }: ProtobufField): void {
    this.#structureBytes += end - tagStart;
    if (this.#structureBytes > MAX_STRUCTURE_BYTES)
      throw this.#fault("the graph without its weights", `at most ${MAX_STRUCTURE_BYTES} bytes`, "more");
    const last = ranges.at(-1);
    if (last?.[1] === tagStart) last[1] = end;
    else ranges.push([tagStart, end]);
  }

  #message(field: ProtobufField, where: string): ProtobufField {
    if (field.isMessage) return field;
    throw this.#fault(where, "a message", "a number");
  }

  #fault(where: string, expected: string, got: string): Error {
    return fileFormatError(this.#source.name, { where, expected, got });
  }
}
