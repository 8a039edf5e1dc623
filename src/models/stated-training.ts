// What a file says of its own training, in marker keys or metadata: facts that no shape tells. Guesses nothing from weights.

import type { Checkpoint } from "../weights/checkpoint.ts";
import type { ModelFamily } from "./families.ts";

/** Absent where the file says nothing. */
export interface StatedTraining {
  readonly prediction?: ModelFamily["prediction"];
  readonly noise?: NoiseKind;
}

type NoiseKind = "scaled-linear" | "zero-terminal-snr" | "continuous";

interface Statement {
  /** Either a tensor of this name, whatever it holds, ... */
  readonly key?: string;
  /** ... or metadata under this name that matches. */
  readonly metadata?: readonly [name: string, value: RegExp];
  readonly says: StatedTraining;
}

/** Keys are those that ComfyUI saves and NoobAI, Playground and CosXL publish; metadata is what Stability's modelspec defines, and what a Diffusers folder's scheduler is configured with (weights/diffusers-folder.ts). The first statement on each fact counts. */
const statements: readonly Statement[] = [
  { key: "v_pred", says: { prediction: "v" } },
  { key: "ztsnr", says: { noise: "zero-terminal-snr" } },
  { key: "edm_vpred.sigma_max", says: { prediction: "v", noise: "continuous" } },
  { key: "edm_std", says: { prediction: "edm", noise: "continuous" } },
  { metadata: ["scheduler.prediction_type", /^v_prediction$/], says: { prediction: "v" } },
  { metadata: ["scheduler.rescale_betas_zero_snr", /^true$/], says: { noise: "zero-terminal-snr" } },
  { metadata: ["scheduler._class_name", /^EDM/], says: { prediction: "edm", noise: "continuous" } },
  { metadata: ["scheduler.prediction_type", /^epsilon$/], says: { prediction: "epsilon" } },
  { metadata: ["modelspec.prediction_type", /^v([-_ ]?prediction)?$/i], says: { prediction: "v" } },
  { metadata: ["modelspec.prediction_type", /^eps(ilon)?$/i], says: { prediction: "epsilon" } },
  { metadata: ["modelspec.architecture", /^stable-diffusion-v2-768-v\b/i], says: { prediction: "v" } },
  { metadata: ["modelspec.architecture", /^stable-diffusion-v2-512\b/i], says: { prediction: "epsilon" } },
];

export function statedTraining({
  tensors,
  metadata,
}: Pick<Checkpoint, "tensors" | "metadata">): StatedTraining {
  const made = statements.filter(
    (statement) =>
      (statement.key !== undefined && tensors.has(statement.key)) ||
      (statement.metadata?.[1].test(metadata.get(statement.metadata[0]) ?? "") ?? false),
  );
  return made.reduceRight<StatedTraining>((said, { says }) => ({ ...said, ...says }), {});
}

/** Whether a row trained like this can be what the file says it is. */
export function agrees({ prediction, noiseSchedule }: ModelFamily, stated: StatedTraining): boolean {
  const noise = noiseKind(noiseSchedule);
  return prediction === (stated.prediction ?? prediction) && noise === (stated.noise ?? noise);
}

function noiseKind(noiseSchedule: ModelFamily["noiseSchedule"]): NoiseKind {
  if (noiseSchedule.kind === "continuous") return "continuous";
  return noiseSchedule.zeroTerminalSnr ? "zero-terminal-snr" : "scaled-linear";
}
