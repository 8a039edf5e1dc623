// Files of the user's own server, set up in the settings: addresses below its base, with its token as a header.

import { singleFile } from "./single-file.ts";
import type { Source } from "./source.ts";
import { isBelow, parseWebAddress, withoutSecrets } from "./web-address.ts";

export const ownServerSource: Source = {
  id: "own-server",
  label: "Your server",
  tokenHint: "Check the server's token in Kiln's settings.",

  canonical(address, hosts) {
    const url = parseWebAddress(address);
    return url && isBelow(url, hosts.ownServer) ? withoutSecrets(url).href : undefined;
  },

  inspect: (address, context) => singleFile(ownServerSource, address, context),

  fileRequest(address, { hosts, token }) {
    const url = ownServerSource.canonical(address, hosts);
    if (url === undefined) return undefined;
    const headers = token === undefined ? undefined : { Authorization: `Bearer ${token}` };
    return { url, headers, pageUrl: url, preflight: true, readable: true };
  },
};
