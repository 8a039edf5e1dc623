// Which family a file belongs to that holds no whole model: told by the widths of the text encoders it was made for.
// Families that share their text encoders share their adapters too, so the plainest row of each architecture stands for all.

import { stableDiffusion1 } from "../families/stable-diffusion-1.ts";
import { stableDiffusion2Base } from "../families/stable-diffusion-2.ts";
import { stableDiffusionXl, stableDiffusionXlRefiner } from "../families/stable-diffusion-xl.ts";

/** Cross-attention reads the outputs of all text encoders side by side. */
const byContextWidth: ReadonlyMap<number, string> = new Map([
  [768, stableDiffusion1.id],
  [1024, stableDiffusion2Base.id],
  [1280, stableDiffusionXlRefiner.id],
  [2048, stableDiffusionXl.id],
]);

/** Empty for widths that no published model has. */
export function familyOfContextWidth(width: number | undefined): string {
  return (width !== undefined && byContextWidth.get(width)) || "";
}
