// Every tensor that the graphs of a model need, with its shape, as lists made from the configurations. The builders ask for
// exactly these; detection checks them all. Reads nothing.

import type { TensorNeed } from "./tensor-checks.ts";
import type { TextEncoderConfig, UnetConfig, UnetLayer, VaeConfig, VaeLayer } from "./model-config.ts";
import { textEncoderNames, type TextEncoderNames } from "./text-encoder-names.ts";

type Needs = readonly TensorNeed[];

const weight = (key: string, ...shape: number[]): TensorNeed => ({ key: `${key}.weight`, shape });
const bias = (key: string, size: number): TensorNeed => ({ key: `${key}.bias`, shape: [size] });

const linear = (key: string, input: number, output: number): Needs => [
  weight(key, output, input),
  bias(key, output),
];
const conv = (key: string, input: number, output: number, kernel: number): Needs => [
  weight(key, output, input, kernel, kernel),
  bias(key, output),
];
/** Scale and shift of a GroupNorm or LayerNorm. */
const norm = (key: string, channels: number): Needs => [weight(key, channels), bias(key, channels)];

/** Layers that neither the conditioning nor the pooled output needs are not asked for. */
export function textEncoderTensors(config: TextEncoderConfig): Needs {
  const { prefix, width, mlpWidth, pooling } = config;
  const names = textEncoderNames[config.layout];
  const used = pooling ? config.layers : config.layers - config.leftOutLayers;
  const layers = Array.from({ length: used }, (_, index) => {
    const key = `${prefix}${names.layers}.${index}`;
    return [
      ...norm(`${key}.${names.norm1}`, width),
      ...textAttentionTensors(`${key}.${names.attention}`, width, names),
      ...norm(`${key}.${names.norm2}`, width),
      ...linear(`${key}.${names.mlpIn}`, width, mlpWidth),
      ...linear(`${key}.${names.mlpOut}`, mlpWidth, width),
    ];
  });
  return [
    { key: prefix + names.tokenEmbedding, shape: [config.vocabulary, width] },
    { key: prefix + names.positionEmbedding, shape: [config.maxTokens, width] },
    ...layers.flat(),
    ...(config.finalNorm || pooling ? norm(prefix + names.finalNorm, width) : []),
    ...(pooling ? [poolingTensor(config.layout, width, pooling)] : []),
  ];
}

function textAttentionTensors(key: string, width: number, names: TextEncoderNames): Needs {
  const projections = names.fusedProjections
    ? [
        { key: `${key}.in_proj_weight`, shape: [3 * width, width] },
        { key: `${key}.in_proj_bias`, shape: [3 * width] },
      ]
    : ["q_proj", "k_proj", "v_proj"].flatMap((name) => linear(`${key}.${name}`, width, width));
  return [...projections, ...linear(`${key}.out_proj`, width, width)];
}

function poolingTensor(
  layout: TextEncoderConfig["layout"],
  width: number,
  pooling: NonNullable<TextEncoderConfig["pooling"]>,
): TensorNeed {
  const { key } = pooling;
  return { key, shape: layout === "open-clip" ? [width, pooling.width] : [pooling.width, width] };
}

export function unetTensors(config: UnetConfig): Needs {
  const { prefix, modelChannels, timeEmbeddingWidth, classEmbeddingWidth, guidanceEmbeddingWidth } = config;
  const blocks = [
    ...config.inputBlocks,
    ...(config.middleBlock ? [config.middleBlock] : []),
    ...config.outputBlocks,
  ];
  return [
    ...linear(`${prefix}time_embed.0`, modelChannels, timeEmbeddingWidth),
    ...linear(`${prefix}time_embed.2`, timeEmbeddingWidth, timeEmbeddingWidth),
    ...(guidanceEmbeddingWidth === undefined
      ? []
      : [weight(`${prefix}time_embed.cond_proj`, modelChannels, guidanceEmbeddingWidth)]),
    ...(classEmbeddingWidth === undefined
      ? []
      : [
          ...linear(`${prefix}label_emb.0.0`, classEmbeddingWidth, timeEmbeddingWidth),
          ...linear(`${prefix}label_emb.0.2`, timeEmbeddingWidth, timeEmbeddingWidth),
        ]),
    ...blocks.flatMap(({ layers }) => layers.flatMap((layer) => unetLayerTensors(layer, config))),
    ...norm(`${prefix}out.0`, modelChannels),
    ...conv(`${prefix}out.2`, modelChannels, config.outChannels, 3),
  ];
}

function unetLayerTensors(layer: UnetLayer, config: UnetConfig): Needs {
  const { key } = layer;
  switch (layer.kind) {
    case "conv":
      return conv(key, layer.inChannels, layer.outChannels, 3);
    case "resnet": {
      const { inChannels, outChannels } = layer;
      return [
        ...norm(`${key}.in_layers.0`, inChannels),
        ...conv(`${key}.in_layers.2`, inChannels, outChannels, 3),
        ...linear(`${key}.emb_layers.1`, config.timeEmbeddingWidth, outChannels),
        ...norm(`${key}.out_layers.0`, outChannels),
        ...conv(`${key}.out_layers.3`, outChannels, outChannels, 3),
        ...(inChannels === outChannels ? [] : conv(`${key}.skip_connection`, inChannels, outChannels, 1)),
      ];
    }
    case "transformer": {
      const { channels } = layer;
      const project = (name: string): Needs =>
        config.linearProjection
          ? linear(`${key}.${name}`, channels, channels)
          : conv(`${key}.${name}`, channels, channels, 1);
      const blocks = Array.from({ length: layer.depth }, (_, index) =>
        transformerBlockTensors(`${key}.transformer_blocks.${index}`, channels, config.contextWidth),
      );
      return [
        ...norm(`${key}.norm`, channels),
        ...project("proj_in"),
        ...blocks.flat(),
        ...project("proj_out"),
      ];
    }
    case "downsample":
      return conv(`${key}.op`, layer.channels, layer.channels, 3);
    case "upsample":
      return doublingConv(key, layer.channels);
    default:
      return layer satisfies never;
  }
}

const doublingConv = (key: string, channels: number): Needs =>
  conv(`${key}.conv`, channels, channels, 3).map((need) => ({ ...need, doubles: true }));

/** Self-attention, cross-attention and a gated MLP of four times the width. */
function transformerBlockTensors(key: string, width: number, contextWidth: number): Needs {
  const attention = (name: string, sourceWidth: number): Needs => [
    weight(`${key}.${name}.to_q`, width, width),
    weight(`${key}.${name}.to_k`, width, sourceWidth),
    weight(`${key}.${name}.to_v`, width, sourceWidth),
    ...linear(`${key}.${name}.to_out.0`, width, width),
  ];
  return [
    ...norm(`${key}.norm1`, width),
    ...attention("attn1", width),
    ...norm(`${key}.norm2`, width),
    ...attention("attn2", contextWidth),
    ...norm(`${key}.norm3`, width),
    ...linear(`${key}.ff.net.0.proj`, width, 8 * width), // value and gate
    ...linear(`${key}.ff.net.2`, 4 * width, width),
  ];
}

export function vaeTensors(config: VaeConfig): Needs {
  return [...config.encoder, ...config.decoder].flatMap(vaeLayerTensors);
}

function vaeLayerTensors(layer: VaeLayer): Needs {
  const { key } = layer;
  switch (layer.kind) {
    case "conv":
      return conv(key, layer.inChannels, layer.outChannels, layer.kernel);
    case "resnet": {
      const { inChannels, outChannels } = layer;
      return [
        ...norm(`${key}.norm1`, inChannels),
        ...conv(`${key}.conv1`, inChannels, outChannels, 3),
        ...norm(`${key}.norm2`, outChannels),
        ...conv(`${key}.conv2`, outChannels, outChannels, 3),
        ...(inChannels === outChannels ? [] : conv(`${key}.nin_shortcut`, inChannels, outChannels, 1)),
      ];
    }
    case "attention": {
      const { channels } = layer;
      const project = (name: string): Needs =>
        layer.linear
          ? linear(`${key}.${name}`, channels, channels)
          : conv(`${key}.${name}`, channels, channels, 1);
      return [...norm(`${key}.norm`, channels), ...["q", "k", "v", "proj_out"].flatMap(project)];
    }
    case "downsample":
      return conv(`${key}.conv`, layer.channels, layer.channels, 3);
    case "upsample":
      return doublingConv(key, layer.channels);
    case "norm":
      return norm(key, layer.channels);
    default:
      return layer satisfies never;
  }
}
