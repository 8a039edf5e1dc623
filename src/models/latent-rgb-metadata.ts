// Reads latent-to-RGB preview factors from a file's own metadata, which may hold anything. Computes no preview.

import type { LatentRgbFactors } from "./model-config.ts";

export const LATENT_RGB_METADATA_KEY = "kiln.latent_rgb_factors";

// Sixteen channels with full-precision numbers stay far below.
const MAX_CHARACTERS = 10_000;
// Fitted factors are of order 1; anything larger only makes noise of the preview.
const MAX_MAGNITUDE = 100;

type Rgb = readonly [number, number, number];

/** `{"factors": [[r, g, b], ...], "bias": [r, g, b]}` with one row per latent channel; undefined for anything else. */
export function parseLatentRgbFactors(
  text: string | undefined,
  channels: number,
): LatentRgbFactors | undefined {
  if (text === undefined || text.length > MAX_CHARACTERS) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null || !("factors" in value) || !("bias" in value))
    return undefined;
  const { factors, bias } = value;
  if (!isRgb(bias) || !Array.isArray(factors) || factors.length !== channels) return undefined;
  return factors.every(isRgb) ? { factors, bias } : undefined;
}

function isRgb(value: unknown): value is Rgb {
  return (
    Array.isArray(value) &&
    value.length === 3 &&
    value.every((item) => typeof item === "number" && Math.abs(item) <= MAX_MAGNITUDE)
  );
}
