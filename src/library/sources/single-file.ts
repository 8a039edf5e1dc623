// The contents of an address that is itself one file. Asks the host nothing: a HEAD request would tell less than the file.

import type { AddressContents } from "../../protocol/downloads-api.ts";
import type { Source, SourceContext } from "./source.ts";
import { parseWebAddress, pathParts, unknownAddress } from "./web-address.ts";

export function singleFile(
  source: Source,
  address: string,
  context: SourceContext,
): Promise<AddressContents> {
  const canonical = source.canonical(address, context.hosts);
  const request = canonical === undefined ? undefined : source.fileRequest(canonical, context);
  if (canonical === undefined || !request) return Promise.reject(unknownAddress(address));
  const fileName = fileNameOfAddress(canonical) ?? "model";
  return Promise.resolve({
    source: source.id,
    title: fileName,
    pageUrl: request.pageUrl,
    files: [{ address: canonical, fileName, primary: true }],
  });
}

/** The last part of the path, or a query field that names a file, as download scripts have them. */
export function fileNameOfAddress(address: string): string | undefined {
  const url = parseWebAddress(address);
  if (!url) return undefined;
  const last = pathParts(url).at(-1);
  if (last !== undefined && /\.[a-z0-9]{2,12}$/i.test(last)) return last;
  for (const field of ["filename", "file", "name"]) {
    const value = url.searchParams.get(field);
    if (value) return value;
  }
  return last;
}
