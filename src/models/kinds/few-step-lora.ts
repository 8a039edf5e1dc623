// The settings that LoRAs for few steps were trained for. No tensor tells them: they are known by their names, as published.

import type { SuggestedSettings } from "../../protocol/library-api.ts";

interface FewStepKind {
  readonly named: RegExp;
  readonly settings: SuggestedSettings;
}

const distilled = { guidanceScale: 1, sampler: "Euler", schedule: "SGM Uniform" } as const;

/** The first whose name fits. Steps are those of the authors' examples, where the name gives no number. */
const kinds: readonly FewStepKind[] = [
  {
    named: /lcm/i,
    settings: { steps: 6, guidanceScale: 1.5, sampler: "LCM", schedule: "SGM Uniform" },
  },
  { named: /lightning/i, settings: { ...distilled, steps: 4 } },
  { named: /hyper-?sd/i, settings: { ...distilled, steps: 8 } },
];

/** "sdxl_lightning_4step_lora", "Hyper-SD15-8steps-lora" */
const STEPS = /(?<![0-9])([1-9]|1[0-6])-?steps?/i;

export function fewStepSettings(name: string): SuggestedSettings | undefined {
  const kind = kinds.find(({ named }) => named.test(name));
  if (!kind) return undefined;
  const steps = STEPS.exec(name)?.[1];
  return steps === undefined ? kind.settings : { ...kind.settings, steps: Number(steps) };
}
