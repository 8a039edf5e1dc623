// Recognises ControlNets, T2I-Adapters and IP-Adapters, and whose they are. Nothing here can run them.

import type { Checkpoint } from "../../weights/checkpoint.ts";
import type { DetectedFile } from "./detected-file.ts";
import { familyOfContextWidth } from "./family-of-width.ts";

const CONTROL =
  /^(control_model\.|controlnet_|input_hint_block\.|lora_controlnet$|adapter\.body\.|body\.\d+\.(block1|resnets)\.)/;
const IP_ADAPTER = /^(ip_adapter\.\d+\.to_[kv]_ip\.|image_proj\.)/;

/** Linear weights [out, context] that read the text's conditioning. */
const CROSS_ATTENTION = /(attn2\.to_k|to_k_ip)\.weight$/;

const hasKey = ({ tensors }: Checkpoint, pattern: RegExp): boolean =>
  [...tensors.keys()].some((key) => pattern.test(key));

export const isControlNet = (checkpoint: Checkpoint): boolean => hasKey(checkpoint, CONTROL);
export const isIpAdapter = (checkpoint: Checkpoint): boolean => hasKey(checkpoint, IP_ADAPTER);

export function detectControlFile(checkpoint: Checkpoint, type: "controlnet" | "ip-adapter"): DetectedFile {
  const reading = [...checkpoint.tensors.values()].find(
    ({ key, shape }) => CROSS_ATTENTION.test(key) && shape.length === 2,
  );
  return { type, family: familyOfContextWidth(reading?.shape[1]) };
}
