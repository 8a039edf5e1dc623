// Addresses that came from outside, before they become links. Anything that is not a web address is dropped.

/** The address as the browser understands it, or undefined: `javascript:` and the like must never be clicked. */
export function safeHref(address: string | undefined): string | undefined {
  if (address === undefined || !URL.canParse(address)) return undefined;
  const url = new URL(address);
  return url.protocol === "https:" || url.protocol === "http:" ? url.href : undefined;
}
