// The denoising UNet as a graph, for one batch and size. Latents come in already scaled for the network; guidance and
// prediction types are the sampler's side of the wall.

import { silu } from "../onnx/fused-ops.ts";
import { GraphBuilder } from "../onnx/graph-builder.ts";
import type { Value } from "../onnx/graph.ts";
import { cast } from "../onnx/ops.ts";
import { concat, reshape } from "../onnx/shape-ops.ts";
import type { Checkpoint } from "../weights/checkpoint.ts";
import type { Dialect } from "./dialects.ts";
import type { GraphAdapters } from "./adapters/graph-adapters.ts";
import { AdapterSlots, type AdaptableModel } from "./layers/adapter-slots.ts";
import { convolution } from "./layers/convolution.ts";
import { groupNorm } from "./layers/group-norm.ts";
import type { LayerContext } from "./layers/layer-context.ts";
import type { Size } from "./layers/resample.ts";
import { unetDownsample, upsample } from "./layers/resample.ts";
import { resnetBlock, unetResnetNames } from "./layers/resnet-block.ts";
import { spatialTransformer, type TransformerContext } from "./layers/spatial-transformer.ts";
import { timeEmbedding } from "./layers/time-embedding.ts";
import type { UnetBlock, UnetConfig, UnetLayer } from "./model-config.ts";
import { promptKeyInputs } from "./prompt-keys.ts";

export interface UnetOptions {
  readonly dialect: Dialect;
  readonly batch: number;
  readonly latentHeight: number;
  readonly latentWidth: number;
  /** Tokens of conditioning per batch item: 77 per chunk of the prompt. */
  readonly tokens: number;
  /** The prompt comes in as keys and values, made once per prompt by prompt-keys.ts, instead of as `context`. */
  readonly promptKeysFed?: boolean;
  readonly adapters?: GraphAdapters;
}

const NORM_EPSILON = 1e-5;

interface Conditions {
  readonly timeEmbedding: Value;
  readonly context: TransformerContext;
}

// latents ─ input blocks ─ middle block ─ output blocks ─ GroupNorm ─ SiLU ─ Conv ── output
//               └── every block's result ──┘ (concatenated, last one first)
// In float16 dialects the first convolution, the time embedding and everything after the output blocks stay float32.
export function buildUnet(checkpoint: Checkpoint, config: UnetConfig, options: UnetOptions): AdaptableModel {
  const { dialect, batch, latentHeight, latentWidth, tokens, promptKeysFed = false, adapters } = options;
  const { prefix, contextWidth, normGroups: groups } = config;
  const graph = new GraphBuilder("unet");
  const slots = adapters?.slots ? new AdapterSlots(graph) : undefined;
  const c: LayerContext = { graph, checkpoint, dialect, merged: adapters?.merged, slots };
  const body = dialect.precision;

  const size = [latentHeight, latentWidth];
  const noisy = graph.input("latents", "float32", [batch, config.outChannels, ...size]);
  const extraChannels = config.inChannels - config.outChannels;
  // Of inpainting and editing models: the same at every step, so they come in apart.
  const latents =
    extraChannels > 0
      ? concat(
          graph,
          "extra_channels",
          [noisy, graph.input("extra_channels", "float32", [batch, extraChannels, ...size])],
          1,
        )
      : noisy;
  const timestep = graph.input("timestep", "float32", [1]);
  const contextInput = promptKeysFed
    ? undefined
    : graph.input("context", "float32", [batch, tokens, contextWidth]);
  const { classEmbeddingWidth, guidanceEmbeddingWidth } = config;
  const y = classEmbeddingWidth ? graph.input("y", "float32", [batch, classEmbeddingWidth]) : undefined;
  const guidanceEmbedding = guidanceEmbeddingWidth
    ? graph.input("guidance_embedding", "float32", [batch, guidanceEmbeddingWidth])
    : undefined;
  const embedding = timeEmbedding(c, config, { timestep, y, guidanceEmbedding });

  const conditions: Conditions = {
    timeEmbedding: cast(graph, `${prefix}time_embed`, embedding, body),
    context: contextInput
      ? cast(graph, "context", reshape(graph, "context", contextInput, [batch * tokens, contextWidth]), body)
      : promptKeyInputs(graph, config, dialect, batch, tokens),
  };
  const run = (block: UnetBlock, input: Value, upsampled?: Size): Value =>
    block.layers.reduce((x, layer) => unetLayer(c, config, layer, x, conditions, upsampled), input);

  let x = latents;
  const skips: Value[] = [];
  for (const block of config.inputBlocks) {
    x = cast(graph, block.key, run(block, x), body);
    skips.push(x);
  }
  if (config.middleBlock) x = run(config.middleBlock, x);
  for (const block of config.outputBlocks) {
    const skip = skips.pop();
    if (skip) x = concat(graph, block.key, [x, skip], 1);
    const next = skips.at(-1);
    x = run(block, x, next && { height: next.shape[2], width: next.shape[3] });
  }

  x = cast(graph, `${prefix}out`, x, "float32");
  x = silu(graph, `${prefix}out.0`, groupNorm(c, `${prefix}out.0`, x, { groups, epsilon: NORM_EPSILON }));
  graph.output("output", convolution(c, `${prefix}out.2`, x, config.outChannels));
  return { ...graph.build(), adapterPacks: slots?.packs ?? [] };
}

function unetLayer(
  c: LayerContext,
  config: UnetConfig,
  layer: UnetLayer,
  x: Value,
  { timeEmbedding, context }: Conditions,
  upsampled?: Size,
): Value {
  const { normGroups: groups } = config;
  switch (layer.kind) {
    case "conv":
      return convolution(c, layer.key, x, layer.outChannels);
    case "resnet":
      return resnetBlock(c, layer.key, x, {
        names: unetResnetNames,
        groups,
        outChannels: layer.outChannels,
        timeEmbedding,
      });
    case "transformer":
      return spatialTransformer(c, layer.key, x, context, { depth: layer.depth, heads: layer.heads, groups });
    case "downsample":
      return unetDownsample(c, layer.key, x);
    case "upsample":
      return upsample(c, layer.key, x, upsampled);
    default:
      return layer satisfies never;
  }
}
