// Files of IPFS through an HTTP gateway the user trusts or runs. Speaks no IPFS itself: the file's SHA-256 is the proof.

import type { SourceHosts } from "../../protocol/downloads-api.ts";
import { singleFile } from "./single-file.ts";
import type { Source } from "./source.ts";
import { decodePart, encodePath, isBelow, parseWebAddress, pathParts } from "./web-address.ts";

// CID version 0, and version 1 in base32 and base36.
const CID = /^(Qm[1-9A-HJ-NP-Za-km-z]{44}|b[a-z2-7]{50,}|k[0-9a-z]{50,})$/;
const PUBLIC_GATEWAY = /(^|\.)(ipfs\.io|dweb\.link|w3s\.link|cf-ipfs\.com|gateway\.pinata\.cloud)$/;

/** CID and path, as `ipfs://` addresses and gateways write them. */
function parseName(address: string, hosts: SourceHosts): readonly string[] | undefined {
  const scheme = /^ipfs:\/\/(?:ipfs\/)?(.+)$/i.exec(address.trim());
  if (scheme) return withCid(scheme[1].split(/[?#]/)[0].split("/").filter(Boolean).map(decodePart));
  const url = parseWebAddress(address);
  if (!url) return undefined;
  const [first, ...rest] = pathParts(url);
  const subdomain = /^([^.]+)\.ipfs\./.exec(url.hostname)?.[1];
  if (subdomain !== undefined) return withCid([subdomain, ...pathParts(url)]);
  const known = PUBLIC_GATEWAY.test(url.hostname) || isBelow(url, `${hosts.ipfsGateway}/ipfs`);
  return known && first === "ipfs" ? withCid(rest) : undefined;
}

function withCid(parts: readonly string[]): readonly string[] | undefined {
  return parts.length > 0 && CID.test(parts[0]) ? parts : undefined;
}

export const ipfsSource: Source = {
  id: "ipfs",
  label: "The IPFS gateway",
  tokenHint: "Try another gateway in Kiln's settings.",

  canonical(address, hosts) {
    const parts = parseName(address, hosts);
    return parts && `ipfs://${encodePath(parts)}`;
  },

  async inspect(address, context) {
    const contents = await singleFile(ipfsSource, address, context);
    const parts = parseName(address, context.hosts) ?? [];
    const fileName = parts.at(-1) ?? contents.title;
    return {
      ...contents,
      title: fileName,
      files: contents.files.map((file) => ({ ...file, fileName })),
    };
  },

  fileRequest(address, { hosts }) {
    const parts = parseName(address, hosts);
    if (!parts) return undefined;
    const url = `${hosts.ipfsGateway}/ipfs/${encodePath(parts)}`;
    // A CID names its content, so what was there before a break is there after it.
    return { url, pageUrl: url, preflight: false, readable: true };
  },
};
