// A LoRA of seeded random factors for measuring: on every linear layer of a UNet's transformers, as most published ones have it, in
// kohya's names. It changes pictures, but means nothing.

import type { UnetConfig } from "../src/models/model-config.ts";
import { unetTensors } from "../src/models/required-tensors.ts";
import type { ByteSource } from "../src/weights/byte-source.ts";
import { randomSource, type RandomTensor } from "../src/weights/random-source.ts";

// Of the factors that lead up: small, as training starts them at 0.
const UP_DEVIATION = 0.01;

/** The weights that the LoRA changes. */
export const loraTargets = (unet: UnetConfig): ReturnType<typeof unetTensors> =>
  unetTensors(unet).filter(({ key, shape }) => /transformer_blocks.*weight$/.test(key) && shape.length === 2);

export function randomLora(name: string, unet: UnetConfig, rank: number, seed: number): ByteSource {
  const tensors = loraTargets(unet).flatMap(({ key, shape: [rows, columns] }): RandomTensor[] => {
    const module = `lora_unet_${key.slice(unet.prefix.length, -".weight".length).replaceAll(".", "_")}`;
    return [
      {
        key: `${module}.lora_down.weight`,
        shape: [rank, columns],
        mean: 0,
        deviation: 1 / Math.sqrt(columns),
      },
      { key: `${module}.lora_up.weight`, shape: [rows, rank], mean: 0, deviation: UP_DEVIATION },
    ];
  });
  return randomSource(name, tensors, seed);
}
