// Which pictures from outside are shown as they are: the service's level bits against the user's choice.

import { NSFW_LEVELS } from "../protocol/civitai-api.ts";

/** In rising order; the levels a person may choose as the highest that is shown unblurred. */
export const CONTENT_LEVELS = ["PG", "PG-13", "R", "X", "XXX"] as const;
export type ContentLevel = (typeof CONTENT_LEVELS)[number];

/** Whether a picture's level is above the allowed one. Bits may be combined: the highest counts; 0 is not known. */
export function isAbove(bits: number, allowed: ContentLevel): boolean {
  return bits >= 2 * NSFW_LEVELS[allowed];
}
