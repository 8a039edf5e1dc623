// Files of GitHub: raw files of a repository, which web apps may read, and release assets, which they may not.

import type { SourceHosts } from "../../protocol/downloads-api.ts";
import { singleFile } from "./single-file.ts";
import type { FileRequest, Source } from "./source.ts";
import { encodePath, isBelow, parseWebAddress, pathParts } from "./web-address.ts";

interface GitHubName {
  readonly url: string;
  readonly pageUrl: string;
  readonly isRaw: boolean;
}

function parseName(address: string, hosts: SourceHosts): GitHubName | undefined {
  const url = parseWebAddress(address);
  if (!url) return undefined;
  const parts = pathParts(url);
  if (url.hostname === "raw.githubusercontent.com" || isBelow(url, hosts.githubRaw)) {
    return parts.length >= 4 ? rawFile(hosts, parts) : undefined;
  }
  if (url.hostname !== "github.com" && !isBelow(url, hosts.github)) return undefined;
  const [owner, repository, kind, ...rest] = parts;
  if ((kind === "blob" || kind === "raw") && rest.length >= 2) {
    return rawFile(hosts, [owner, repository, ...rest]);
  }
  if (kind !== "releases" || rest[0] !== "download" || rest.length < 3) return undefined;
  const asset = `${hosts.github}/${encodePath(parts)}`;
  return { url: asset, pageUrl: asset, isRaw: false };
}

function rawFile(hosts: SourceHosts, [owner, repository, ...path]: readonly string[]): GitHubName {
  const url = `${hosts.githubRaw}/${encodePath([owner, repository, ...path])}`;
  return { url, pageUrl: `${hosts.github}/${encodePath([owner, repository, "blob", ...path])}`, isRaw: true };
}

export const githubSource: Source = {
  id: "github",
  label: "GitHub",
  tokenHint: "Files of private repositories can only be downloaded in a tab and picked here.",

  canonical: (address, hosts) => parseName(address, hosts)?.url,

  inspect: (address, context) => singleFile(githubSource, address, context),

  fileRequest(address, { hosts }): FileRequest | undefined {
    const name = parseName(address, hosts);
    // Neither github.com/.../releases/download nor the storage behind it sends CORS headers.
    return name && { url: name.url, pageUrl: name.pageUrl, preflight: false, readable: name.isRaw };
  },
};
