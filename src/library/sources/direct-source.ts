// Any other web address: the file itself, from a server about which nothing is known. Sends it no token.

import { singleFile } from "./single-file.ts";
import type { Source } from "./source.ts";
import { parseWebAddress } from "./web-address.ts";

export const directSource: Source = {
  id: "direct",
  label: "The server",
  tokenHint: "If it asks you to sign in, open the link in a tab, download the file there and pick it here.",

  canonical(address) {
    const url = parseWebAddress(address);
    if (!url) return undefined;
    // The query stays whole: it may be what the link is signed with.
    url.hash = "";
    return url.href;
  },

  inspect: (address, context) => singleFile(directSource, address, context),

  fileRequest(address, { hosts }) {
    const url = directSource.canonical(address, hosts);
    return url === undefined ? undefined : { url, pageUrl: url, preflight: true, readable: true };
  },
};
