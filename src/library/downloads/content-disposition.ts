// The file name that a server states (RFC 6266, RFC 5987) or that an address ends with. Makes it safe; asks nobody.

import { fileNameOfAddress } from "../sources/single-file.ts";
import { safeFileName } from "../model-files.ts";

// filename*=UTF-8''na%C3%AFve.safetensors; other character sets than these two are not in use.
const EXTENDED = /filename\*\s*=\s*(UTF-8|ISO-8859-1)'[^']*'([^;\s]+)/i;
const QUOTED = /filename\s*=\s*"((?:[^"\\]|\\.)*)"/i;
const BARE = /filename\s*=\s*([^;"\s]+)/i;

/** The stated name, as it is; undefined when there is none. */
export function parseContentDisposition(header: string | null): string | undefined {
  if (header === null) return undefined;
  const extended = EXTENDED.exec(header);
  const decoded = extended && decodeExtended(extended[1], extended[2]);
  if (decoded) return decoded;
  const quoted = QUOTED.exec(header)?.[1]?.replace(/\\(.)/g, "$1");
  return (quoted ?? BARE.exec(header)?.[1]) || undefined;
}

function decodeExtended(charset: string, value: string): string | undefined {
  try {
    if (charset.toUpperCase() === "UTF-8") return decodeURIComponent(value);
    return value.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  } catch {
    return undefined;
  }
}

/**
 * A safe name for the file behind `address`: what the server states, what was known before, or the end of the address.
 * A path in the stated name keeps its last part only, as RFC 6266 asks.
 */
export function nameReceivedFile(
  disposition: string | null,
  known: string | undefined,
  address: string,
): string {
  const stated = parseContentDisposition(disposition)?.split(/[/\\]/).at(-1);
  return safeFileName(stated || known || fileNameOfAddress(address) || "");
}
