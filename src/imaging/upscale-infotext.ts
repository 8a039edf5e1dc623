// The infotext of an enlarged picture: the original's, with A1111's keys of its Extras tab added. Reads and writes no files.

import type { UpscaleTarget } from "../protocol/upscale-request.ts";
import { formatInfotext, parseInfotext, type Infotext } from "./infotext.ts";

export interface UpscaleFacts {
  /** Infotext of the picture that was enlarged, if it had one. */
  readonly original?: string;
  readonly target: UpscaleTarget;
  /** A filter's name, or the model's file without its extension. */
  readonly upscalerName: string;
  /** Program and version, such as "Kiln 0.1.0". */
  readonly version: string;
}

const NOTHING: Infotext = { prompt: "", negativePrompt: "", parameters: [] };

/** Keys and their order as A1111 writes them; the version only where the original has none. */
export function upscaledInfotext({ original, target, upscalerName, version }: UpscaleFacts): string {
  const infotext = original === undefined ? NOTHING : parseInfotext(original);
  const { parameters } = infotext;
  const scaled: readonly (readonly [string, string])[] =
    target.kind === "factor"
      ? [["Postprocess upscale by", `${target.factor}`]]
      : [
          ["Postprocess upscale to", `${target.width}x${target.height}`],
          ...(target.crop ? [["Postprocess crop to", `${target.width}x${target.height}`] as const] : []),
        ];
  const hasVersion = parameters.some(([key]) => key === "Version");
  return formatInfotext({
    ...infotext,
    parameters: [
      ...parameters,
      ...scaled,
      ["Postprocess upscaler", upscalerName],
      ...(hasVersion ? [] : [["Version", version] as const]),
    ],
  });
}
