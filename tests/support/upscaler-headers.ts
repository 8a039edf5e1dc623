// Names and shapes of published upscalers at full size. Test support.

import type { HeaderDescription } from "./header-only.ts";

export function addConv(tensors: HeaderDescription, key: string, input: number, output: number): void {
  tensors.set(`${key}.weight`, ["F32", [output, input, 3, 3]]);
  tensors.set(`${key}.bias`, ["F32", [output]]);
}

/** RealESRGAN_x4plus.pth as published: 64 channels, 23 blocks of growth 32; fewer where a test wants a small one. */
export function realEsrgan({
  blocks = 23,
  inChannels = 3,
  prefix = "",
  upsamples = 2,
} = {}): HeaderDescription {
  const tensors: HeaderDescription = new Map();
  addConv(tensors, `${prefix}conv_first`, inChannels, 64);
  for (let block = 0; block < blocks; block++) {
    for (let dense = 1; dense <= 3; dense++) {
      for (let i = 0; i < 5; i++) {
        addConv(tensors, `${prefix}body.${block}.rdb${dense}.conv${i + 1}`, 64 + 32 * i, i === 4 ? 64 : 32);
      }
    }
  }
  const ups = Array.from({ length: upsamples }, (_, i) => `conv_up${i + 1}`);
  for (const name of ["conv_body", ...ups, "conv_hr"]) addConv(tensors, prefix + name, 64, 64);
  addConv(tensors, `${prefix}conv_last`, 64, 3);
  return tensors;
}
