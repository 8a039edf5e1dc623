// Keys and values that the UNet's transformers make of a prompt, as a graph of its own: they are the same at every step. What
// takes them up is the UNet's graph with `promptKeysFed`.

import { GraphBuilder } from "../onnx/graph-builder.ts";
import type { Value } from "../onnx/graph.ts";
import { cast } from "../onnx/ops.ts";
import type { Checkpoint } from "../weights/checkpoint.ts";
import type { GraphAdapters } from "./adapters/graph-adapters.ts";
import type { Dialect, Precision } from "./dialects.ts";
import { AdapterSlots, type AdaptableModel } from "./layers/adapter-slots.ts";
import { unetAttentionNames, type KeysAndValues } from "./layers/attention.ts";
import type { LayerContext } from "./layers/layer-context.ts";
import { linear } from "./layers/linear.ts";
import { transformerBlockKeys } from "./layers/spatial-transformer.ts";
import type { UnetConfig } from "./model-config.ts";

/** Attention to the prompt in one transformer block. */
interface PromptAttention {
  readonly key: string;
  readonly width: number;
}

const ELEMENT_BYTES: Readonly<Record<Precision, number>> = { float16: 2, float32: 4 };

function promptAttentions({
  inputBlocks,
  middleBlock,
  outputBlocks,
}: UnetConfig): readonly PromptAttention[] {
  return [...inputBlocks, ...(middleBlock ? [middleBlock] : []), ...outputBlocks]
    .flatMap(({ layers }) => layers)
    .flatMap((layer) =>
      layer.kind === "transformer"
        ? transformerBlockKeys(layer.key, layer.depth).map(({ toPrompt }) => ({
            key: toPrompt,
            width: layer.channels,
          }))
        : [],
    );
}

/** What keys and values of one token take in all layers together. */
export function promptKeyBytes(config: UnetConfig, precision: Precision): number {
  const widths = promptAttentions(config).reduce((sum, { width }) => sum + width, 0);
  return 2 * widths * ELEMENT_BYTES[precision];
}

/** The UNet's inputs in place of `context`, [n, tokens, width] each; of the same names as the outputs of buildPromptKeys. */
export function promptKeyInputs(
  graph: GraphBuilder,
  config: UnetConfig,
  { precision }: Dialect,
  batch: number,
  tokens: number,
): ReadonlyMap<string, KeysAndValues> {
  return new Map(
    promptAttentions(config).map(({ key, width }) => {
      const input = (name: string): Value => graph.input(`${key}.${name}`, precision, [batch, tokens, width]);
      return [key, { keys: input(unetAttentionNames.key), values: input(unetAttentionNames.value) }];
    }),
  );
}

export interface PromptKeysOptions {
  readonly dialect: Dialect;
  /** Tokens of all prompts of the batch, one prompt behind the other. */
  readonly rows: number;
  readonly adapters?: GraphAdapters;
}

// context [rows, contextWidth] ─┬─ to_k ── out      one pair per transformer block, [rows, width] each
//                               └─ to_v ── out
export function buildPromptKeys(
  checkpoint: Checkpoint,
  config: UnetConfig,
  { dialect, rows, adapters }: PromptKeysOptions,
): AdaptableModel {
  const graph = new GraphBuilder("prompt-keys");
  const slots = adapters?.slots ? new AdapterSlots(graph) : undefined;
  const c: LayerContext = { graph, checkpoint, dialect, merged: adapters?.merged, slots };
  const input = graph.input("context", "float32", [rows, config.contextWidth]);
  const context = cast(graph, "context", input, dialect.precision);
  for (const { key, width } of promptAttentions(config)) {
    for (const name of [unetAttentionNames.key, unetAttentionNames.value]) {
      const path = `${key}.${name}`;
      graph.output(path, linear(c, path, context, width, { bias: unetAttentionNames.bias }));
    }
  }
  return { ...graph.build(), adapterPacks: slots?.packs ?? [] };
}
