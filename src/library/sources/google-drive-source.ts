// Files of Google Drive, read with the user's own sign-in (their OAuth client, asked for by the page).

import type { SourceHosts } from "../../protocol/downloads-api.ts";
import { askHost, notUnderstood } from "./ask-host.ts";
import type { Source, SourceContext } from "./source.ts";
import { isBelow, parseWebAddress, unknownAddress } from "./web-address.ts";

const SITES = ["drive.google.com", "docs.google.com", "drive.usercontent.google.com"];
const FILE_ID = /^[\w-]{10,}$/;

function fileIdOf(address: string, hosts: SourceHosts): string | undefined {
  const url = parseWebAddress(address);
  if (!url || (!SITES.includes(url.hostname) && !isBelow(url, hosts.googleDrive))) return undefined;
  const inPath = /\/(?:d|files)\/([^/]+)/.exec(url.pathname)?.[1];
  const id = inPath ?? url.searchParams.get("id") ?? "";
  return FILE_ID.test(id) ? id : undefined;
}

const pageOf = (id: string): string => `https://drive.google.com/file/d/${id}/view`;

const headersOf = ({ token }: SourceContext): Readonly<Record<string, string>> | undefined =>
  token === undefined ? undefined : { Authorization: `Bearer ${token}` };

export const googleDriveSource: Source = {
  id: "google-drive",
  label: "Google Drive",
  tokenHint:
    "Sign in to Google in Kiln's settings (with your own OAuth client id); a sign-in lasts about an hour.",

  canonical(address, hosts) {
    const id = fileIdOf(address, hosts);
    return id === undefined ? undefined : pageOf(id);
  },

  async inspect(address, context) {
    const id = fileIdOf(address, context.hosts);
    if (id === undefined) throw unknownAddress(address);
    const url = `${context.hosts.googleDrive}/drive/v3/files/${id}?fields=name,size,sha256Checksum&supportsAllDrives=true`;
    const { json } = await askHost(googleDriveSource, {
      url,
      headers: headersOf(context),
      signal: context.signal,
    });
    const { name, size, sha256Checksum } = (json ?? {}) as Record<string, unknown>;
    if (typeof name !== "string") throw notUnderstood(googleDriveSource, url, "no name");
    const bytes = Number(size);
    return {
      source: "google-drive",
      title: name,
      pageUrl: pageOf(id),
      files: [
        {
          address: pageOf(id),
          fileName: name,
          ...(size !== undefined && Number.isSafeInteger(bytes) && { bytes }),
          ...(typeof sha256Checksum === "string" && { sha256: sha256Checksum.toLowerCase() }),
          primary: true,
        },
      ],
    };
  },

  fileRequest(address, context) {
    const id = fileIdOf(address, context.hosts);
    if (id === undefined) return undefined;
    return {
      // A token in the query has been refused for media since 2020; the header is allowed by its CORS answers.
      url: `${context.hosts.googleDrive}/drive/v3/files/${id}?alt=media&supportsAllDrives=true`,
      headers: headersOf(context),
      pageUrl: pageOf(id),
      preflight: true,
      readable: true,
    };
  },
};
