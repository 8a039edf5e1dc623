// A job's progress in words: on the Generate button, in the tab's title and for screen readers. Draws nothing.

import { msg, str } from "@lit/localize";
import type { JobProgress } from "./controllers/generation-controller.ts";

/** 8 → "8 s", 95 → "1:35". */
export function formatSeconds(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return msg(str`${whole} s`);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

function percent({ fraction }: JobProgress): number {
  return Math.floor(fraction * 100);
}

const COMPONENTS: Readonly<Record<string, () => string>> = {
  "text encoder": () => msg("Loading the text encoder…"),
  unet: () => msg("Loading the unet…"),
  "vae decoder": () => msg("Loading the decoder…"),
};

/** "43% · step 6/14 · 12 s left", or what is being loaded. */
export function describeProgress(progress: JobProgress): string {
  if (progress.loading !== undefined) return COMPONENTS[progress.loading]?.() ?? msg("Loading the model…");
  if (progress.secondsLeft === undefined) return msg("Starting…");
  const { step, steps, picture, pictures } = progress;
  const left = formatSeconds(progress.secondsLeft);
  const parts = [`${percent(progress)}%`, msg(str`step ${step}/${steps}`), msg(str`${left} left`)];
  if (pictures > 1) parts.splice(1, 0, msg(str`picture ${picture + 1}/${pictures}`));
  return parts.join(" · ");
}

/** "[43% 12s] Kiln"; compact, because tabs are narrow. */
export function describeTitle(progress: JobProgress | undefined): string {
  if (!progress) return "Kiln";
  const left = progress.secondsLeft === undefined ? "" : ` ${Math.round(progress.secondsLeft)}s`;
  return `[${percent(progress)}%${left}] Kiln`;
}

/** What a screen reader hears: one sentence for every ten percent, so that it does not talk all the time. */
export function describeTenth(progress: JobProgress | undefined): string {
  if (!progress) return "";
  const tenth = Math.floor(progress.fraction * 10) * 10;
  return progress.secondsLeft === undefined
    ? msg("The picture is being prepared.")
    : msg(str`${tenth} percent done.`);
}
