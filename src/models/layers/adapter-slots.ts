// The places of a graph where low-rank adapters are added at run time: layer(x) + up · (down · x). Ranks and factors are
// inputs, so that neither another strength nor another adapter needs another graph. Knows no files; what fills the slots is
// adapters/adapter-packs.ts.

import type { GraphBuilder } from "../../onnx/graph-builder.ts";
import type { Value } from "../../onnx/graph.ts";
import type { OnnxDType, OnnxModel } from "../../onnx/onnx-model.ts";
import type { ConvOptions } from "../../onnx/ops.ts";
import { add, choose, conv, gemm, identity, mul } from "../../onnx/ops.ts";
import { reshapeRest, slice } from "../../onnx/shape-ops.ts";

/** One layer's place in its pack. */
export interface AdapterSlot {
  /** Of the weight. */
  readonly key: string;
  /** Of the weight's first axis. */
  readonly rows: readonly [start: number, end: number];
  /** Inputs times kernel elements. */
  readonly columns: number;
  readonly downOffset: number;
  readonly upOffset: number;
}

/**
 * Factors of many layers side by side, because every input of a run costs time, used or not: `down` [rank, all columns], `up`
 * [all rows, rank] and `scale` [rank], fed under these names with a prefix.
 */
export interface AdapterPack {
  readonly name: string;
  readonly dtype: OnnxDType;
  readonly slots: readonly AdapterSlot[];
  readonly columns: number;
  readonly rows: number;
}

/** A graph with the packs that it wants fed, in the order of its inputs. */
export interface AdaptableModel extends OnnxModel {
  readonly adapterPacks: readonly AdapterPack[];
}

/** Bool [1]: false skips all slots, whatever their inputs hold. */
export const ADAPTERS_ACTIVE = "adapters.active";

// With rank 1000 in float16 this is the 128 MiB that every WebGPU device can bind.
const PACK_EXTENT = 2 ** 16;

interface OpenPack {
  readonly name: string;
  readonly dtype: OnnxDType;
  readonly slots: AdapterSlot[];
  readonly down: Value;
  /** Already times the scale. */
  readonly up: Value;
  columns: number;
  rows: number;
}

interface Taken {
  readonly slot: AdapterSlot;
  readonly down: Value;
  readonly up: Value;
}

/** Collects a graph's slots while its layers are built. */
export class AdapterSlots {
  readonly #graph: GraphBuilder;
  readonly #active: Value;
  readonly #packs: OpenPack[] = [];

  constructor(graph: GraphBuilder) {
    this.#graph = graph;
    this.#active = graph.input(ADAPTERS_ACTIVE, "bool", [1]);
  }

  get packs(): readonly AdapterPack[] {
    return this.#packs.map(({ name, dtype, slots, columns, rows }) => ({
      name,
      dtype,
      slots,
      columns,
      rows,
    }));
  }

  /**
   * What a linear layer adds to x · weightᵀ: its bias, or nothing, and the adapters' part.
   * x [n, in], rows of the weight that the layer uses → [rows] or [n, rows], broadcast by Gemm.
   */
  linear(key: string, x: Value, rows: readonly [number, number], bias: Value | undefined): Value {
    const graph = this.#graph;
    const { slot, down, up } = this.#take(key, x.dtype, rows, x.shape[1]);
    const out = rows[1] - rows[0];
    const none = bias ?? graph.constant(x.dtype, [1], [0]);
    const chosen = choose(graph, key, this.#active, {
      then: () => {
        const inner = gemm(graph, key, x, columnsOf(graph, key, down, slot));
        return gemm(graph, key, inner, rowsOf(graph, key, up, slot), bias);
      },
      otherwise: () => identity(graph, key, none),
    });
    return { ...chosen, shape: [x.shape[0], out] };
  }

  /** y, which the layer made of x, with the adapters' part. */
  convolution(key: string, x: Value, y: Value, kernel: number, options: ConvOptions): Value {
    const graph = this.#graph;
    const channels = x.shape[1];
    const { slot, down, up } = this.#take(key, x.dtype, [0, y.shape[1]], channels * kernel * kernel);
    const chosen = choose(graph, key, this.#active, {
      then: () => {
        const first = columnsOf(graph, key, down, slot);
        const inner = conv(
          graph,
          key,
          x,
          reshapeRest(graph, key, first, [undefined, channels, kernel, kernel]),
          undefined,
          options,
        );
        const second = rowsOf(graph, key, up, slot);
        const pointwise = reshapeRest(graph, key, second, [y.shape[1], undefined, 1, 1]);
        return conv(graph, key, inner, pointwise, undefined, { stride: 1, pads: [0, 0, 0, 0] });
      },
      otherwise: () => identity(graph, key, graph.constant(x.dtype, [1, 1, 1, 1], [0])),
    });
    return add(graph, key, y, { ...chosen, shape: y.shape });
  }

  #take(key: string, dtype: OnnxDType, rows: readonly [number, number], columns: number): Taken {
    const height = rows[1] - rows[0];
    let pack = this.#packs.findLast((candidate) => candidate.dtype === dtype);
    if (!pack || pack.columns + columns > PACK_EXTENT || pack.rows + height > PACK_EXTENT)
      this.#packs.push((pack = this.#open(dtype)));
    const slot = { key, rows, columns, downOffset: pack.columns, upOffset: pack.rows };
    pack.slots.push(slot);
    pack.columns += columns;
    pack.rows += height;
    return { slot, down: pack.down, up: pack.up };
  }

  #open(dtype: OnnxDType): OpenPack {
    const graph = this.#graph;
    const name = `adapters.${this.#packs.length}`;
    const down = graph.inputOfAnyShape(`${name}.down`, dtype, [1, PACK_EXTENT]);
    const up = graph.inputOfAnyShape(`${name}.up`, dtype, [PACK_EXTENT, 1]);
    const scale = graph.inputOfAnyShape(`${name}.scale`, dtype, [1]);
    return { name, dtype, slots: [], down, up: mul(graph, name, up, scale), columns: 0, rows: 0 };
  }
}

/** [rank, columns]; the builder takes every rank for 1. */
function columnsOf(graph: GraphBuilder, key: string, down: Value, slot: AdapterSlot): Value {
  return slice(graph, key, down, { axis: 1, start: slot.downOffset, step: 1, extent: slot.columns });
}

/** [rows, rank] */
function rowsOf(graph: GraphBuilder, key: string, up: Value, slot: AdapterSlot): Value {
  const extent = slot.rows[1] - slot.rows[0];
  return slice(graph, key, up, { axis: 0, start: slot.upOffset, step: 1, extent });
}
