// What can be chosen on the Upscale page, and what a choice asks of the engine. Plain data; draws nothing.

import { msg, str } from "@lit/localize";
import type { UpscaleFields } from "../gallery/settings.ts";
import type { ModelRecord } from "../protocol/library-api.ts";
import type { ResampleFilter, UpscalerChoice, UpscaleTarget } from "../protocol/upscale-request.ts";
import type { SelectOption } from "./components/select-field.ts";

const FILTERS: readonly { readonly value: ResampleFilter; readonly label: () => string }[] = [
  { value: "lanczos", label: () => msg("Lanczos (no model)") },
  { value: "nearest", label: () => msg("Nearest (no model, hard pixels)") },
];

export function upscalerOptions(models: readonly ModelRecord[]): readonly SelectOption[] {
  const upscalers = models.filter(({ type }) => type === "upscaler");
  return [
    ...upscalers.map(({ id, name, scale }) => ({
      value: id,
      label: scale === undefined ? name : msg(str`${name} (×${scale})`),
    })),
    ...FILTERS.map(({ value, label }) => ({ value, label: label() })),
  ];
}

/** The stored choice where it still exists, else the first there is. */
export function chosenUpscaler({ upscaler }: UpscaleFields, options: readonly SelectOption[]): string {
  return options.some(({ value }) => value === upscaler) ? upscaler : options[0].value;
}

export function choiceOf(value: string): UpscalerChoice {
  const filter = FILTERS.find((row) => row.value === value)?.value;
  return filter === undefined ? { kind: "model", modelId: value } : { kind: "resample", filter };
}

export function targetOf({ mode, factor, width, height, crop }: UpscaleFields): UpscaleTarget {
  return mode === "factor" ? { kind: "factor", factor } : { kind: "size", width, height, crop };
}
