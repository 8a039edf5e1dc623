// What every source of model files must answer: whose address is it, what does it name, how are its bytes asked for.
// Holds no source; those are the files beside this one, listed in sources.ts.

import type { AddressContents, SourceHosts, SourceId } from "../../protocol/downloads-api.ts";

export interface SourceContext {
  readonly hosts: SourceHosts;
  /** The user's token for this source. Must reach this source's own host only. */
  readonly token?: string;
  readonly signal?: AbortSignal;
}

/** How the bytes of one file are asked for. Made anew for every attempt, because links expire. */
export interface FileRequest {
  /** May hold a token: never stored, shown or logged. */
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** What a person opens to get the file by hand. */
  readonly pageUrl: string;
  /** Whether the host answers preflights, which If-Range needs. Range alone needs none. */
  readonly preflight: boolean;
  /** False: known to forbid cross-origin reads, so it is not even tried. */
  readonly readable: boolean;
}

export interface Source {
  readonly id: SourceId;
  /** For messages: "Hugging Face". */
  readonly label: string;
  /** What helps when the host says 401 or 403. */
  readonly tokenHint: string;
  /** The address in its one canonical form, without tokens; undefined when it is not this source's. */
  canonical(address: string, hosts: SourceHosts): string | undefined;
  /** @throws AppError InvalidRequest, Network, AccessDenied, FileNotFound. */
  inspect(address: string, context: SourceContext): Promise<AddressContents>;
  /** For the address of one file; undefined when `inspect` must tell which files there are. */
  fileRequest(address: string, context: SourceContext): FileRequest | undefined;
}
