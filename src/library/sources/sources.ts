// The table of sources, and which of them an address belongs to. A new source is one file and one row here.

import type { SourceHosts, SourceId } from "../../protocol/downloads-api.ts";
import { civitaiSource } from "./civitai-source.ts";
import { directSource } from "./direct-source.ts";
import { githubSource } from "./github-source.ts";
import { googleDriveSource } from "./google-drive-source.ts";
import { huggingFaceSource } from "./hugging-face-source.ts";
import { ipfsSource } from "./ipfs-source.ts";
import { ownServerSource } from "./own-server-source.ts";
import type { Source } from "./source.ts";
import { unknownAddress } from "./web-address.ts";

// Order matters: the first that claims an address has it, and "direct" claims every web address.
const SOURCES = {
  "own-server": ownServerSource,
  civitai: civitaiSource,
  huggingface: huggingFaceSource,
  github: githubSource,
  "google-drive": googleDriveSource,
  ipfs: ipfsSource,
  direct: directSource,
} as const satisfies Readonly<Record<SourceId, Source>>;

export interface LocatedAddress {
  readonly source: Source;
  readonly address: string;
}

/** @throws AppError InvalidRequest for text that names nothing. */
export function locate(address: string, hosts: SourceHosts): LocatedAddress {
  for (const source of Object.values<Source>(SOURCES)) {
    const canonical = source.canonical(address, hosts);
    if (canonical !== undefined) return { source, address: canonical };
  }
  throw unknownAddress(address);
}
