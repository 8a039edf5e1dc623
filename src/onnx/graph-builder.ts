// Collects the nodes, constants and weights of one graph and turns them into an OnnxModel. Operators live in the *ops.ts files
// beside it; this file only keeps names unique and refuses a graph that contradicts itself.

import type { Attribute, GraphNode, InlineConstant, OperatorDomain, Subgraph, Value } from "./graph.ts";
import { describe, elementCount, sameShape } from "./graph.ts";
import { GraphError } from "./graph-error.ts";
import { writeModelProto } from "./model-proto.ts";
import type { EmbeddedGraph } from "./embedded-graph.ts";
import type {
  ExternalData,
  ExternalTensor,
  OnnxDType,
  OnnxModel,
  OnnxValueInfo,
  WorkingBytes,
} from "./onnx-model.ts";
import { tensorBytes } from "./tensor-bytes.ts";
import { workingBytes } from "./working-bytes.ts";

export interface NodeDescription {
  /** Path the node is named after: the checkpoint's key of the layer it belongs to. */
  readonly path: string;
  readonly opType: string;
  readonly domain?: OperatorDomain;
  readonly inputs: readonly (Value | undefined)[];
  readonly attributes?: Readonly<Record<string, Attribute>>;
  readonly outputs: readonly Pick<Value, "dtype" | "shape">[];
  /**
   * Stored before all other nodes. The runtime runs the inputs of a node in the reverse of this order, so a node of constants
   * only that is stored first runs right before its result is needed, and one stored beside its user long before.
   */
  readonly first?: boolean;
}

export interface GraphOptions {
  /** Before the names of inputs, outputs and constants, so that they are not those of an embedded graph. */
  readonly prefix?: string;
}

export class GraphBuilder {
  readonly name: string;
  readonly #prefix: string;
  #embedded: { readonly before: readonly GraphNode[]; readonly graph: EmbeddedGraph } | undefined;
  /** Of the graph, or of the subgraph that is being built. */
  #nodes: GraphNode[] = [];
  readonly #firstNodes: GraphNode[] = [];
  readonly #constants = new Map<string, InlineConstant>();
  readonly #externals = new Map<string, { readonly value: Value; readonly tensor: ExternalTensor }>();
  /** Inputs of known shape and what nodes give. */
  readonly #values = new Map<string, Value>();
  readonly #inputs: OnnxValueInfo[] = [];
  readonly #outputs: OnnxValueInfo[] = [];
  /** Value name → name of the graph output it is published under. */
  readonly #published = new Map<string, string>();
  readonly #nodeCounts = new Map<string, number>();

  constructor(name: string, { prefix = "" }: GraphOptions = {}) {
    this.name = name;
    this.#prefix = prefix;
  }

  input(name: string, dtype: OnnxDType, shape: readonly number[]): Value {
    const value = { ...this.#named(name), dtype, shape };
    this.#inputs.push(value);
    this.#values.set(value.name, value);
    return value;
  }

  /** An input whose extents are known only when it is fed; `example` has those that the building needs. */
  inputOfAnyShape(name: string, dtype: OnnxDType, example: readonly number[]): Value {
    const value = { name, dtype, shape: example };
    this.#inputs.push({ ...value, anyShape: true });
    return value;
  }

  /**
   * Puts a graph of others behind the nodes so far: its inputs, by their names, are these values; its outputs are the result, in
   * the order and of the types that the caller knows them to have.
   */
  embed(
    graph: EmbeddedGraph,
    inputs: ReadonlyMap<string, Value>,
    outputs: readonly Value[],
  ): readonly Value[] {
    if (this.#embedded)
      throw new GraphError({ where: this.name, expected: "one embedded graph", got: "two" });
    const feeding = [...inputs].map(([name, value]): GraphNode => ({
      name: `/${this.name}/${name}/Identity`,
      opType: "Identity",
      domain: "",
      inputs: [value.name],
      outputs: [name],
      attributes: {},
    }));
    this.#embedded = { before: [...this.#nodes, ...feeding], graph };
    this.#nodes = [];
    for (const value of outputs) this.#values.set(value.name, value);
    return outputs;
  }

  /** Collects the nodes that `build` adds apart from the graph's own; its result must be a node's. */
  subgraph(name: string, build: () => Value): Subgraph {
    const around = this.#nodes;
    const nodes: GraphNode[] = [];
    this.#nodes = nodes;
    try {
      return { name, nodes, output: build() };
    } finally {
      this.#nodes = around;
    }
  }

  output(name: string, value: Value): void {
    if (this.#published.has(value.name)) {
      throw new GraphError({ where: name, expected: "a value that is not an output yet", got: value.name });
    }
    const named = this.#named(name);
    this.#published.set(value.name, named.name);
    // What others' nodes give is known by their word only: the runtime would refuse the model where that is wrong, in its own terms.
    this.#outputs.push({ ...value, ...named, ...(this.#embedded && { anyShape: true }) });
  }

  node(description: NodeDescription): Value[] {
    const { path, opType, domain = "", inputs, attributes = {}, outputs, first = false } = description;
    const base = `/${this.name}/${path}/${opType}`;
    const count = this.#nodeCounts.get(base) ?? 0;
    this.#nodeCounts.set(base, count + 1);
    const name = count === 0 ? base : `${base}_${count}`;
    const values = outputs.map(({ dtype, shape }, i) => ({
      name: i === 0 ? name : `${name}:${i}`,
      dtype,
      shape,
    }));
    for (const value of values) this.#values.set(value.name, value);
    (first ? this.#firstNodes : this.#nodes).push({
      name,
      opType,
      domain,
      inputs: inputs.map((input) => input?.name ?? ""),
      outputs: values.map((value) => value.name),
      attributes,
    });
    return values;
  }

  /** A small inline tensor; equal constants are one initializer. */
  constant(dtype: OnnxDType, shape: readonly number[], values: readonly number[]): Value {
    const key = `${dtype}[${shape.join()}]=${values.join()}`;
    const known = this.#constants.get(key);
    if (known) return known.value;
    const value = { name: `${this.#prefix}constant_${this.#constants.size}`, dtype, shape };
    if (values.length !== elementCount(shape)) {
      throw new GraphError({
        where: value.name,
        expected: describe(value),
        got: `${values.length} elements`,
      });
    }
    this.#constants.set(key, { value, bytes: tensorBytes(dtype, values) });
    return value;
  }

  /** A weight, by its location. Using a location twice gives the same value; using it as something else is an error. */
  external(tensor: ExternalTensor): Value {
    const known = this.#externals.get(tensor.location);
    if (!known) {
      const value = { name: tensor.location, dtype: tensor.dtype, shape: tensor.shape };
      this.#externals.set(tensor.location, { value, tensor });
      return value;
    }
    if (known.tensor.dtype !== tensor.dtype || !sameShape(known.tensor.shape, tensor.shape)) {
      throw new GraphError({
        where: tensor.location,
        expected: describe(known.tensor),
        got: `a second use as ${describe(tensor)}`,
      });
    }
    return known.value;
  }

  build(): OnnxModel {
    const published = (name: string): string => this.#published.get(name) ?? name;
    const nodes = [...this.#firstNodes, ...this.#nodes].map((node) => renamed(node, published));
    const externals = [...this.#externals.values()];
    const embedded = this.#embedded;
    const interfaces = { inputs: this.#inputs, outputs: this.#outputs };
    return {
      name: this.name,
      proto: writeModelProto({
        name: this.name,
        ...(embedded && { embedded }),
        nodes,
        constants: [...this.#constants.values()],
        externals,
        ...interfaces,
      }),
      externals: [...externals.map(({ tensor }) => tensor), ...embeddedExternals(embedded?.graph)],
      widensWeights: this.#firstNodes.length > 0,
      workingBytes: plus(
        workingBytes({
          nodes: [...(embedded?.before ?? []), ...this.#nodes],
          onDemand: this.#firstNodes,
          values: this.#values,
          inputs: this.#inputs.map(({ name }) => name),
          outputs: [...this.#published.keys()],
        }),
        embedded?.graph.workingBytes ?? 0,
      ),
      ...interfaces,
    };
  }

  #named(name: string): Pick<OnnxValueInfo, "name" | "alias"> {
    return this.#prefix === "" ? { name } : { name: this.#prefix + name, alias: name };
  }
}

function embeddedExternals(graph: EmbeddedGraph | undefined): readonly ExternalData[] {
  return (graph?.weights ?? []).flatMap(({ data }) => (data instanceof Uint8Array ? [] : [data]));
}

function plus({ tiledScores, wholeScores }: WorkingBytes, more: number): WorkingBytes {
  return { tiledScores: tiledScores + more, wholeScores: wholeScores + more };
}

function renamed(node: GraphNode, rename: (name: string) => string): GraphNode {
  const attributes = Object.entries(node.attributes).map(([name, attribute]): [string, Attribute] => {
    if (attribute.kind !== "graph") return [name, attribute];
    const inner = attribute.value;
    const nodes = inner.nodes.map((each) => renamed(each, rename));
    return [name, { kind: "graph", value: { ...inner, nodes } }];
  });
  return {
    ...node,
    inputs: node.inputs.map(rename),
    outputs: node.outputs.map(rename),
    attributes: Object.fromEntries(attributes),
  };
}
