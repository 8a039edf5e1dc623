// Small pictures for tests, as bytes: a valid PNG, and an SVG with a script in it. Not fixtures of anything's output.

/** One red pixel. */
export const PNG_PIXEL = fromBase64(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==",
);

/** What a preview must never stay: a document that can run script where it is shown as a page. */
export const SVG_PICTURE = new TextEncoder().encode(
  `<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><script>alert(1)</script><rect width="8" height="8"/></svg>`,
);

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
