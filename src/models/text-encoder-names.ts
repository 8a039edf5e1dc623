// What the layouts of CLIP's text transformer call its parts, below a text encoder's prefix. Names only; shapes are in
// required-tensors.ts.

import type { TextEncoderConfig } from "./model-config.ts";

export interface TextEncoderNames {
  readonly tokenEmbedding: string;
  readonly positionEmbedding: string;
  /** Parent of the numbered layers. */
  readonly layers: string;
  readonly norm1: string;
  readonly attention: string;
  readonly norm2: string;
  readonly mlpIn: string;
  readonly mlpOut: string;
  readonly finalNorm: string;
  /** One `in_proj_weight` and `in_proj_bias` hold the rows of q, k and v, in this order; else there are three projections. */
  readonly fusedProjections: boolean;
}

export const textEncoderNames: Readonly<Record<TextEncoderConfig["layout"], TextEncoderNames>> = {
  clip: {
    tokenEmbedding: "embeddings.token_embedding.weight",
    positionEmbedding: "embeddings.position_embedding.weight",
    layers: "encoder.layers",
    norm1: "layer_norm1",
    attention: "self_attn",
    norm2: "layer_norm2",
    mlpIn: "mlp.fc1",
    mlpOut: "mlp.fc2",
    finalNorm: "final_layer_norm",
    fusedProjections: false,
  },
  "open-clip": {
    tokenEmbedding: "token_embedding.weight",
    positionEmbedding: "positional_embedding",
    layers: "transformer.resblocks",
    norm1: "ln_1",
    attention: "attn",
    norm2: "ln_2",
    mlpIn: "mlp.c_fc",
    mlpOut: "mlp.c_proj",
    finalNorm: "ln_final",
    fusedProjections: true,
  },
};
