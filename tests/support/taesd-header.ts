// Names and shapes of TAESD's decoder as published. Test support.

import type { HeaderDescription } from "./header-only.ts";

/** taesd_decoder.safetensors as published; layers without weights leave holes in the numbers. */
export function taesdDecoder(prefix = "", offset = 0): HeaderDescription {
  const tensors: HeaderDescription = new Map();
  const conv = (index: number, input: number, output: number, bias: boolean): void => {
    tensors.set(`${prefix}${index - offset}.weight`, ["F32", [output, input, 3, 3]]);
    if (bias) tensors.set(`${prefix}${index - offset}.bias`, ["F32", [output]]);
  };
  const block = (index: number): void => {
    for (const inner of [0, 2, 4]) {
      tensors.set(`${prefix}${index - offset}.conv.${inner}.weight`, ["F32", [64, 64, 3, 3]]);
      tensors.set(`${prefix}${index - offset}.conv.${inner}.bias`, ["F32", [64]]);
    }
  };
  conv(1, 4, 64, true);
  for (const at of [3, 8, 13]) {
    [at, at + 1, at + 2].forEach(block);
    conv(at + 4, 64, 64, false);
  }
  block(18);
  conv(19, 64, 3, true);
  return tensors;
}
