// Web addresses that came from outside: parsing, taking tokens out, names in paths. Asks nobody anything.

import { AppError } from "../../protocol/app-error.ts";

const LOCAL_HOSTS = ["localhost", "127.0.0.1", "[::1]"];
// Query fields that are a person's secret, not part of a file's address.
const SECRET_FIELDS = ["token", "access_token", "api_key", "apikey"];

/** An address that the app may fetch: https, or http on this machine. undefined for anything else. */
export function parseWebAddress(text: string): URL | undefined {
  const trimmed = text.trim();
  if (!URL.canParse(trimmed)) return undefined;
  const url = new URL(trimmed);
  if (url.username !== "" || url.password !== "") return undefined;
  if (url.protocol === "https:") return url;
  return url.protocol === "http:" && LOCAL_HOSTS.includes(url.hostname) ? url : undefined;
}

/** The address without fields that hold a token, and without its fragment. */
export function withoutSecrets(url: URL): URL {
  const clean = new URL(url);
  for (const field of SECRET_FIELDS) clean.searchParams.delete(field);
  clean.hash = "";
  return clean;
}

/** For messages: signed links carry secrets in their query, so only host and path. */
export function shownAddress(address: string): string {
  const url = parseWebAddress(address);
  return url ? `${url.host}${url.pathname}` : address.slice(0, 120);
}

/** True when `url` lies on `base` (an origin, perhaps with a path). */
export function isBelow(url: URL, base: string | undefined): boolean {
  if (base === undefined || !URL.canParse(base)) return false;
  const root = new URL(base);
  const folder = root.pathname.endsWith("/") ? root.pathname : `${root.pathname}/`;
  return url.origin === root.origin && url.pathname.startsWith(folder);
}

/** The path's parts, decoded. A part that does not decode stays as it is. */
export function pathParts(url: URL): string[] {
  return url.pathname.split("/").filter(Boolean).map(decodePart);
}

export function decodePart(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** Path parts back into a path; what was decoded is encoded again. */
export function encodePath(parts: readonly string[]): string {
  return parts.map(encodeURIComponent).join("/");
}

export function unknownAddress(address: string): AppError {
  return new AppError(
    "InvalidRequest",
    "This address names no model that Kiln can find. Paste the address of a model's page or file, such as https://civitai.com/models/123 or https://huggingface.co/owner/name.",
    {
      where: shownAddress(address),
      expected: "a web address (https), an AIR name or owner/name of a Hugging Face repository",
      got: shownAddress(address),
    },
  );
}
