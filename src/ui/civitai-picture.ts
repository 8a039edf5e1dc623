// Addresses of the service's pictures at the size that is shown: its image server scales by a part of the path.

import type { CivitaiImage } from "../protocol/civitai-api.ts";
import { safeHref } from "./safe-href.ts";

/** What the image server scales to; other widths are rounded up to one of these anyway. */
const WIDTHS = [96, 320, 450, 512, 800, 1200, 1600, 2200] as const;
const SIZE_PART = /\/(?:original=true|width=\d+)[^/]*\//;

/** A still of at least `width` pixels; videos give their first frame. Empty for an address that is no web address. */
export function civitaiPicture({ url, type }: CivitaiImage, width: number): string {
  const address = safeHref(url);
  if (address === undefined) return "";
  const rung = WIDTHS.find((candidate) => candidate >= width) ?? WIDTHS[WIDTHS.length - 1];
  const still = type === "video" ? ",anim=false" : "";
  return address.replace(SIZE_PART, `/width=${rung},optimized=true${still}/`);
}
