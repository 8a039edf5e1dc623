// What every reader of a sidecar gives: statements about one model file. Knows no tool's format.

import type { Incoming } from "../merge.ts";

export interface Described extends Incoming {
  /** Lower-case hex; empty when the sidecar does not say. */
  readonly sha256: string;
  /** The model file's name as the sidecar tells it, when it does. */
  readonly fileName?: string;
}

/** JSON objects with text keys; arrays and other values give an empty one. */
export function asObject(value: unknown): Readonly<Record<string, unknown>> {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  return isObject ? (value as Record<string, unknown>) : {};
}

export function asText(value: unknown): string {
  return typeof value === "string" ? value : "";
}

export function asTexts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((entry): entry is string => typeof entry === "string") : [];
}

export function asNumber(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

export function asId(value: unknown): number | null {
  return Number.isSafeInteger(value) && (value as number) > 0 ? (value as number) : null;
}

export function asSha256(value: unknown): string {
  const text = asText(value).trim().replace(/^0x/i, "").toLowerCase();
  return /^[0-9a-f]{64}$/.test(text) ? text : "";
}

/** The last part of a path of either system, so that no sidecar can name a place. */
export function asFileName(value: unknown): string | undefined {
  return asText(value).split(/[/\\]/).pop()?.trim() || undefined;
}

/** Milliseconds, seconds or a text with a date; empty for anything else. */
export function asTime(value: unknown): string {
  const milliseconds =
    typeof value === "number" ? (value < 1e11 ? value * 1000 : value) : Date.parse(asText(value));
  return Math.abs(milliseconds) < 8.64e15 ? new Date(milliseconds).toISOString() : "";
}

/** Only web addresses, without what could be somebody's secret. */
export function asSource(value: unknown): string {
  const text = asText(value);
  if (!URL.canParse(text)) return "";
  const url = new URL(text);
  if (url.protocol !== "https:" && url.protocol !== "http:") return "";
  for (const secret of ["token", "access_token", "api_key", "apikey"]) url.searchParams.delete(secret);
  url.username = url.password = "";
  return url.href;
}
