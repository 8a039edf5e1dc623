// What adapters' files call the modules of a model: every published naming leads to the model's own key. Names and shapes
// only; reads no adapter and no weights.

import type { UnetLevel, UnetStructure } from "../diffusers-unet-names.ts";
import { diffusersUnetNames } from "../diffusers-unet-names.ts";
import type { DetectedModel, TextEncoderConfig, UnetBlock, UnetConfig } from "../model-config.ts";
import { textEncoderTensors, unetTensors } from "../required-tensors.ts";
import { textEncoderNames } from "../text-encoder-names.ts";

export type AdaptedNetwork = "textEncoder" | "unet";

/** A weight of the model that adapters may change. */
export interface AdapterTarget {
  readonly network: AdaptedNetwork;
  /** The model's key, in the original layout. */
  readonly key: string;
  /** Of these rows: a range of a fused weight, all of it elsewhere. */
  readonly shape: readonly number[];
  readonly rows: readonly [start: number, end: number];
}

export interface TargetModule {
  readonly weight: AdapterTarget;
  readonly bias?: AdapterTarget;
}

type Modules = ReadonlyMap<string, TargetModule>;

/** Names of one network's modules, all with underscores for dots, and what files put before them. */
interface NamedNetwork {
  readonly prefixes: readonly string[];
  readonly modules: Modules;
}

/** The module that a name (with underscores for dots) means in this model. */
export type FindModule = (name: string) => TargetModule | undefined;

// kohya; Diffusers; a UNet saved by PEFT alone; the original layout; LyCORIS' own wrapper; Diffusers of early 2023.
const UNET_PREFIXES = [
  "lora_unet_",
  "unet_base_model_model_",
  "unet_",
  "base_model_model_",
  "model_diffusion_model_",
  "diffusion_model_",
  "lycoris_",
  "",
];

/** By the number of text encoders, then by the encoder. */
const textEncoderPrefixes: readonly (readonly (readonly string[])[])[] = [
  [
    [
      "lora_te_",
      "lora_te1_",
      "text_encoder_",
      "text_encoder_base_model_model_",
      "cond_stage_model_transformer_",
    ],
  ],
  [
    [
      "lora_te1_",
      "lora_te_",
      "text_encoder_",
      "text_encoder_base_model_model_",
      "text_encoders_clip_l_transformer_",
    ],
    ["lora_te2_", "text_encoder_2_", "text_encoder_2_base_model_model_", "text_encoders_clip_g_transformer_"],
  ],
];

const flat = (name: string): string => name.replaceAll(".", "_");

export function adapterTargets(model: DetectedModel): FindModule {
  const prefixes = textEncoderPrefixes[model.textEncoders.length - 1] ?? [];
  const networks: NamedNetwork[] = [
    ...model.textEncoders.map((config, index) => ({
      prefixes: prefixes[index] ?? [],
      modules: textEncoderModules(config),
    })),
    { prefixes: UNET_PREFIXES, modules: unetModules(model.unet) },
  ];
  return (name) => {
    for (const { prefixes, modules } of networks) {
      for (const prefix of prefixes) {
        const found = name.startsWith(prefix) && modules.get(name.slice(prefix.length));
        if (found) return found;
      }
    }
    return undefined;
  };
}

/** Modules by their key without ".weight". */
function modulesOf(network: AdaptedNetwork, needs: ReturnType<typeof unetTensors>): Modules {
  const targets = new Map(
    needs.map(({ key, shape }) => [key, { network, key, shape, rows: [0, shape[0]] } as const]),
  );
  const modules = new Map<string, TargetModule>();
  for (const [key, weight] of targets) {
    if (!key.endsWith(".weight")) continue;
    const module = key.slice(0, -".weight".length);
    const bias = targets.get(`${module}.bias`);
    modules.set(module, { weight, ...(bias && { bias }) });
  }
  return modules;
}

function unetModules(config: UnetConfig): Modules {
  const named = new Map<string, TargetModule>();
  const originals = modulesOf("unet", unetTensors(config));
  for (const [key, module] of originals) named.set(flat(key.slice(config.prefix.length)), module);
  for (const [diffusers, original] of diffusersUnetNames(structureOf(config))) {
    const parent = config.prefix + original;
    for (const [key, module] of originals) {
      if (key === parent || key.startsWith(`${parent}.`)) {
        named.set(flat(diffusers + key.slice(parent.length)), module);
      }
    }
  }
  return named;
}

/** Blocks regrouped into the levels that Diffusers counts. */
function structureOf({ inputBlocks, middleBlock, outputBlocks }: UnetConfig): UnetStructure {
  const count = (blocks: readonly UnetBlock[], kind: string): number =>
    blocks.reduce((sum, { layers }) => sum + layers.filter((layer) => layer.kind === kind).length, 0);
  const levels = (blocks: readonly UnetBlock[], resampler: "downsample" | "upsample"): UnetLevel[] => {
    const groups: UnetBlock[][] = [[]];
    blocks.forEach((block, index) => {
      groups[groups.length - 1].push(block);
      const ends = block.layers.some(({ kind }) => kind === resampler);
      if (ends && index + 1 < blocks.length) groups.push([]);
    });
    return groups.map((group) => ({
      resnets: count(group, "resnet"),
      attentions: count(group, "transformer"),
      resampler: count(group, resampler) > 0,
    }));
  };
  const middle = middleBlock ? [middleBlock] : [];
  return {
    down: levels(inputBlocks.slice(1), "downsample"), // the first is a convolution
    middle: {
      resnets: count(middle, "resnet"),
      attentions: count(middle, "transformer"),
      resampler: false,
    },
    up: levels(outputBlocks, "upsample"),
  };
}

function textEncoderModules(config: TextEncoderConfig): Modules {
  // Trainers adapt the layers that conditioning leaves out too: no fault of the file.
  const needs = textEncoderTensors({ ...config, leftOutLayers: 0 });
  const originals = modulesOf("textEncoder", needs);
  const named = new Map<string, TargetModule>();
  const add = (name: string, module: TargetModule): void => {
    for (const prefix of ["text_model_", ""]) named.set(prefix + flat(name), module);
  };
  const layout = textEncoderNames[config.layout];
  const own = textEncoderNames.clip;
  for (let layer = 0; layer < config.layers; layer++) {
    const from = `${config.prefix}${layout.layers}.${layer}`;
    const to = `${own.layers}.${layer}`;
    for (const part of ["norm1", "norm2", "mlpIn", "mlpOut"] as const) {
      const module = originals.get(`${from}.${layout[part]}`);
      if (module) add(`${to}.${own[part]}`, module);
    }
    for (const [name, module] of attentionModules(`${from}.${layout.attention}`, config, originals)) {
      add(`${to}.${own.attention}.${name}`, module);
    }
  }
  const finalNorm = originals.get(config.prefix + layout.finalNorm);
  if (finalNorm) add(own.finalNorm, finalNorm);
  return named;
}

/** q, k and v are rows of one weight where the layout fuses them. */
function attentionModules(
  key: string,
  { layout, width }: TextEncoderConfig,
  originals: Modules,
): readonly (readonly [string, TargetModule])[] {
  const whole = ["q_proj", "k_proj", "v_proj", "out_proj"].flatMap((name) => {
    const module = originals.get(`${key}.${name}`);
    return module ? [[name, module] as const] : [];
  });
  if (!textEncoderNames[layout].fusedProjections) return whole;
  const fused = ["q_proj", "k_proj", "v_proj"].map((name, third) => {
    const rows = [third * width, (third + 1) * width] as const;
    const network = "textEncoder";
    const weight = { network, key: `${key}.in_proj_weight`, shape: [width, width], rows } as const;
    const bias = { network, key: `${key}.in_proj_bias`, shape: [width], rows } as const;
    return [name, { weight, bias }] as const;
  });
  return [...fused, ...whole];
}
