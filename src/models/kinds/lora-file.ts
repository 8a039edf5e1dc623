// Recognises LoRA and LyCORIS files, and whose they are, without a model beside them. Whether one fits a model in every
// tensor is found by adapters/lora.ts, when it is used.

import type { Checkpoint } from "../../weights/checkpoint.ts";
import type { TensorInfo } from "../../weights/tensor-info.ts";
import { parseAdapterKey } from "../adapters/adapter-keys.ts";
import { stableDiffusionXl } from "../families/stable-diffusion-xl.ts";
import { unsupported } from "../tensor-checks.ts";
import type { DetectedFile } from "./detected-file.ts";
import { familyOfContextWidth } from "./family-of-width.ts";
import { fewStepSettings } from "./few-step-lora.ts";

/** Parts that only a module's change has; alphas and biases alone make no adapter. */
const FACTORS = ["down", "hada_w1_a", "lokr_w1", "lokr_w1_a", "lokr_w2", "lokr_w2_a", "diff"];

/** Modules of families that are not here; refused by name before a long copy. */
const others: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/double_blocks_|single_blocks_|single_transformer_blocks_/, "a LoRA for Flux"],
  [/joint_blocks_|^transformer_transformer_blocks_/, "a LoRA for Stable Diffusion 3"],
];

/** Blocks under original names with a second text encoder, as kohya trains SDXL. */
const XL_NAMES = /^lora_te2_|^text_encoder_2_/;

type Parts = Map<string, TensorInfo>;

function modulesOf({ tensors }: Checkpoint): ReadonlyMap<string, Parts> {
  const modules = new Map<string, Parts>();
  for (const [key, tensor] of tensors) {
    const parsed = parseAdapterKey(key);
    if (!parsed) continue;
    const parts = modules.get(parsed.module) ?? new Map<string, TensorInfo>();
    modules.set(parsed.module, parts.set(parsed.part, tensor));
  }
  return modules;
}

export function isLora(checkpoint: Checkpoint): boolean {
  return [...checkpoint.tensors.keys()].some((key) => {
    const parsed = parseAdapterKey(key);
    return parsed !== undefined && FACTORS.includes(parsed.part);
  });
}

/** Columns of the weight that the parts change: how wide its input is. */
function inputsOf(parts: Parts): number | undefined {
  const columns = (part: string): number | undefined => parts.get(part)?.shape[1];
  const kronecker = [
    columns("lokr_w1") ?? columns("lokr_w1_b"),
    columns("lokr_w2") ?? columns("lokr_w2_b"),
  ] as const;
  if (kronecker[0] !== undefined && kronecker[1] !== undefined) return kronecker[0] * kronecker[1];
  return columns("down") ?? columns("hada_w1_b") ?? columns("diff");
}

/** @throws AppError UnsupportedModel that names the family when it is none of ours. */
export function detectLoraFile(checkpoint: Checkpoint): DetectedFile {
  const modules = modulesOf(checkpoint);
  const names = [...modules.keys()];
  const other = others.find(([pattern]) => names.some((name) => pattern.test(name)));
  if (other) {
    throw unsupported(checkpoint, {
      where: "its contents",
      expected: "a LoRA for Stable Diffusion 1.x, 2.x or XL",
      got: other[1],
    });
  }
  const inputs = (pattern: RegExp): number | undefined => {
    const name = names.find((candidate) => pattern.test(candidate));
    return name === undefined ? undefined : inputsOf(modules.get(name)!);
  };
  // Text encoders' own width says as much where the UNet is left alone; SDXL's first one is as wide as SD 1.x's.
  const family =
    familyOfContextWidth(inputs(/attn2_to_[kv]$/)) ||
    (names.some((name) => XL_NAMES.test(name))
      ? stableDiffusionXl.id
      : familyOfContextWidth(inputs(/self_attn_[qkv]_proj$|mlp_fc1$/)));
  const { metadata, source } = checkpoint;
  const suggests = fewStepSettings(`${metadata.get("modelspec.title") ?? ""} ${source.name}`);
  return { type: "lora", family, ...(suggests && { suggests }) };
}
